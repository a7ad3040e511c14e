"""Kubernetes objects, with only the fields that ingressd uses.

object      a decoded manifest, as a frozen struct
key         kind, namespace and name: what identifies an object
decode      a document (plain values from YAML or JSON) to the objects in it
validation  what an API server would refuse in an object, and what its author surely did not mean
problem     something wrong in what a user wrote, attached to an object and a place in it
change      what a source says happened to an object
store       every object that exists now, with the indexes that translation needs
"""
