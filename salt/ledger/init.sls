# What the ledger starts: whoever the policy names is told when a person has to look, as soon as it says so, and what was
# left now and then; and while an island is out, its return is looked after.
ledger_units:
  file.recurse:
    - name: /etc/systemd/system
    - source: salt://ledger/units

# The timer brings both paths with it.
ledger_running:
  daemon.running:
    - name: titanicarus-notify.timer
    - at_start:
      - /etc/systemd/system/titanicarus-notify.timer
      - /etc/systemd/system/titanicarus-returns.path
    - require:
      - file: ledger_units
      - library: library_release
