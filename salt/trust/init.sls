# The platform's own CA, and this host's certificate from it.
trust_root:
  file.managed:
    - name: /etc/titanicarus/pki/root.crt
    - contents_pillar: trust:root
    - mode: '0644'
    - makedirs: True

trust_certificate:
  file.managed:
    - name: /etc/titanicarus/pki/host.crt
    - contents_pillar:
      - trust:certificate
      - trust:chain
    - mode: '0644'
    - makedirs: True

trust_key:
  file.managed:
    - name: /etc/titanicarus/pki/host.key
    - contents_pillar: trust:key
    - mode: '0640'
    - show_changes: False
    - makedirs: True
