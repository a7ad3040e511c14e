"""What is told about the work of the proxy: counts, request lines, and the writer that never makes anybody wait.

record         one exchange, as plain data; everything else here is made from it
metrics        plain numbers, added to once for each exchange
exposition     those numbers in the form that Prometheus reads
access_line    the fields of a line of JSON, as they are documented
access_log     one exchange as such a line
request_line   one exchange as one line for a person
log_writer     lines on their way to a file, pipe or terminal that may be slow, or not be read
"""
