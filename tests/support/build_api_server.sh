#!/bin/sh
# Builds kube-apiserver and etcd into a folder, for KUBEBUILDER_ASSETS: build_api_server.sh FOLDER
#
# Needs only Go, at least the version that Kubernetes names in its go.mod, and about 3 GB for Go's caches. With empty
# caches it takes about five minutes.
set -eu

kubernetes=1.36.3
etcd=3.6.8 # the one that this Kubernetes requires as a library

[ $# -eq 1 ] || { sed -n 's/^# //p' "$0" | head -n 1 >&2; exit 2; }
command -v go > /dev/null || { echo "Go is needed to build the API server: https://go.dev/doc/install" >&2; exit 1; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)
module=$(mktemp -d)
trap 'rm -rf "$module"' EXIT
cd "$module"

# Kubernetes finds its published parts by replacements that count only in its own repository: they are named again.
go mod init assets 2> /dev/null
go mod edit -require="k8s.io/kubernetes@v$kubernetes"
parts=$(go mod download -json "k8s.io/kubernetes@v$kubernetes" | sed -n 's/.*"GoMod": "\(.*\)".*/\1/p')
for part in $(sed -n 's|^[[:space:]]*\(k8s.io/[a-z-]*\) => ./staging/.*|\1|p' "$parts"); do
  go mod edit -replace="$part=$part@v0.${kubernetes#1.}"
done
go get -tool k8s.io/kubernetes/cmd/kube-apiserver "go.etcd.io/etcd/server/v3@v$etcd"

# Built outside its repository, the API server does not know its version.
name=k8s.io/component-base/version
minor=${kubernetes#1.}
version="-X $name.gitVersion=v$kubernetes -X $name.gitMajor=1 -X $name.gitMinor=${minor%%.*}"
export CGO_ENABLED=0
go build -trimpath -ldflags="-s -w" -o "$folder/etcd" go.etcd.io/etcd/server/v3
go build -trimpath -ldflags="-s -w $version" -o "$folder/kube-apiserver" k8s.io/kubernetes/cmd/kube-apiserver
echo "KUBEBUILDER_ASSETS=$folder"
