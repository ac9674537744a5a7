# First of all: the custom states import the platform's library from here.
library_release:
  library.current:
    - name: /opt/titanicarus
    - source: salt://titanicarus.tar.gz
    - digest: {{ pillar['library']['digest'] }}
    - modules: {{ pillar['library']['modules'] }}
    - reload_modules: True
    - order: 1
