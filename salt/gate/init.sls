# The gates of the databases: shut unless this host's keeper holds the lease. In a table of their own that nothing else touches.
gate_packages:
  pkg.installed:
    - name: nftables
    - refresh: False

gate_config:
  config_set.managed:
    - name: /etc/titanicarus/gate
    - source: salt://gate/files
    - check: [/usr/sbin/nft, --check, --file, '{dir}/gate.nft']
    - require:
      - pkg: gate_packages

gate_unit:
  file.managed:
    - name: /etc/systemd/system/titanicarus-gate.service
    - source: salt://gate/titanicarus-gate.service

gate_running:
  daemon.running:
    - name: titanicarus-gate.service
    - config:
      - /etc/titanicarus/gate
    - require:
      - config_set: gate_config
      - file: gate_unit
