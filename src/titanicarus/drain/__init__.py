"""Taking a load balancer or web server out of service at noon, with no request failed, and bringing it back.

`decide` says whether it may be done (pure), `look` sees, `load_balancer` and `web_server` act on this host.
"""
