"""What a route does with a request, as plain frozen data: one policy per file, no behaviour."""
