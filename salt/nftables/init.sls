# Default deny, opened only for what the roles of this host need. Only the table `inet titanicarus` is ours.
nftables_packages:
  pkg.installed:
    - name: nftables
    - refresh: False

nftables_config:
  config_set.managed:
    - name: /etc/titanicarus/nftables
    - source: salt://nftables/files
    - check: [/usr/sbin/nft, --check, --file, '{dir}/titanicarus.nft']
    - require:
      - pkg: nftables_packages

nftables_unit:
  file.managed:
    - name: /etc/systemd/system/titanicarus-nftables.service
    - source: salt://nftables/titanicarus-nftables.service

nftables_running:
  daemon.running:
    - name: titanicarus-nftables.service
    - config:
      - /etc/titanicarus/nftables
    - require:
      - config_set: nftables_config
      - file: nftables_unit
