# A hub with Ansible, git and ssh inside; it runs as a user without rights.
#
#   docker build --tag hub .
#   docker run --publish 127.0.0.1:3000:3000 --volume hub-data:/data hub

FROM node:22-bookworm-slim AS node

FROM python:3.12-slim-bookworm AS build
# The pages' scripts and styles are bundled while the wheel is built.
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /usr/local/lib/node_modules /usr/local/lib/node_modules
RUN ln -s /usr/local/lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
WORKDIR /source
COPY . .
RUN python -m venv /opt/hub \
    && /opt/hub/bin/pip install --no-cache-dir --constraint constraints.txt \
       '.[mysql]' './plugins/ansible[core]' ./plugins/ldap ./plugins/notifiers ./plugins/oidc \
       ./plugins/pulumi ./plugins/shell ./plugins/terraform

FROM python:3.12-slim-bookworm
RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap git openssh-client rsync sshpass tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --create-home --home-dir /home/hub hub \
    && install --directory --owner hub --group hub --mode 0700 /data
COPY --from=build /opt/hub /opt/hub
ENV PATH=/opt/hub/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HUB_DATA_DIR=/data \
    HUB_HOST=0.0.0.0 \
    HUB_PORT=3000
USER hub
WORKDIR /home/hub
VOLUME /data
EXPOSE 3000
# Of the hub itself nothing is asked that costs: /healthz looks at no database.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:3000/healthz', timeout=4)"]
ENTRYPOINT ["tini", "--", "hub"]
CMD ["serve"]
