# The platform's CA in the system's own store, for hosts that run programs of tenants: a PHP page may ask another site.
# Elsewhere a daemon is given the certificate by name; rebuilding the store costs seconds of processor time a host.
trust_store_root:
  file.managed:
    - name: /usr/local/share/ca-certificates/titanicarus.crt
    - contents_pillar: trust:root
    - mode: '0644'

trust_store_rebuild:
  cmd.run:
    - name: update-ca-certificates
    - onchanges:
      - file: trust_store_root
