"""WordPress as the platform installs it: Debian's code for all sites, a configuration of its own for each.

`configuration` says which files a web server gets (pure), `install` fills a new site's database, once.
"""
