"""Sources: streams of changes to Kubernetes objects.

A source says what exists, once, and then what changes (``ingressd.resources.change``). It interprets nothing:
what an object means is the business of translation.

files         manifests in files and folders, watched
kubernetes    the objects of a cluster, listed and watched
origins       which file and line an object came from

Below ``files``, from bytes to objects:

documents     the bytes of a file to plain values, one for each YAML or JSON document
composition   one YAML document to a plain value; composition_error: why a text is none
scalars       what an unquoted YAML word means
places        the line of every field of a document
contents      the objects of one file, and all that is wrong with it
holdings      which objects of which file count
wakes         when to look at watched files again
listing       the files that the given paths name, and the folders to watch
notifications what the operating system says about changes in folders
file_systems  which file systems say nothing about changes made elsewhere
"""
