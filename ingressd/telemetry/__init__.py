"""What is told about the work of the proxy: counts, request lines, and the writer that never makes anybody wait.

record         one exchange, as plain data; everything else here is made from it
metrics        plain numbers, added to once for each exchange
exposition     those numbers in the form that Prometheus reads
request_line   one exchange as one line for a person
log_writer     lines on their way to a pipe or terminal that may not be read
"""
