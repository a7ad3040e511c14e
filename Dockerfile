# syntax=docker/dockerfile:1
# The controller as a cluster runs it: no shell, no package manager, not root, nothing to write to.
#
#   docker build --tag ingressd:0.1.0 .
#
# Both stages are Debian 13 with Python 3.13: compiled dependencies fit only the Python that they were installed for.

FROM python:3.13-slim-trixie AS build
WORKDIR /source
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore

# The image of Python has its headers, and no compiler. What is installed here stays in this stage.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends gcc libc6-dev \
 && rm -r /var/lib/apt/lists/*

# Dependencies first: a change of the program does not install them again. Twice, since mypyc reads their types here.
COPY requirements/build.txt requirements/cluster.txt requirements/
RUN python -m pip install --require-hashes --requirement requirements/build.txt \
 && python -m pip install --require-hashes --only-binary :all: --no-compile --target /opt/ingressd \
      --requirement requirements/cluster.txt

COPY pyproject.toml setup.py README.md LICENSE ./
COPY ingressd ingressd
COPY tls tls
# The data plane is compiled to machine code, and all of it to bytecode, since nobody can write there. Bytecode is not
# checked against the source at start: neither ever changes.
# Scripts in bin name a Python that the next stage does not have.
RUN rm -r /opt/ingressd/bin \
 && INGRESSD_COMPILE=1 python -m pip install --no-deps --no-build-isolation --no-compile --target /opt/ingressd . \
 && rm -r /opt/ingressd/bin \
 && python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/ingressd

FROM gcr.io/distroless/python3-debian13:nonroot
LABEL org.opencontainers.image.title="ingressd" \
      org.opencontainers.image.description="One program that serves Kubernetes Ingress" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/ingressd /opt/ingressd
# PYTHONSAFEPATH: what is in the working directory is never imported.
ENV PYTHONPATH=/opt/ingressd \
    PYTHONSAFEPATH=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /
USER 65532:65532
# HTTP, HTTPS, and the admin port with /healthz, /readyz and /metrics. SIGTERM, the default, begins the drain.
EXPOSE 8080 8443 9090
# Kubernetes has probes.
HEALTHCHECK NONE
ENTRYPOINT ["/usr/bin/python3.13", "-m", "ingressd"]
CMD ["run"]
