# The same install lines as the Makefile: pinned, with hashes. Content is part of the image.
FROM python:3.11-slim

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PYTHONUNBUFFERED=1 \
    MLOPS_DATABASE_URL=sqlite:////data/coach.db \
    MLOPS_HOST=0.0.0.0 \
    MLOPS_PORT=8080

WORKDIR /app

# PostgreSQL's driver is LGPL, so it is the choice of whoever builds: docker build --build-arg REQUIREMENTS=postgres .
ARG REQUIREMENTS=run
COPY requirements requirements
RUN python -m pip install --quiet --require-hashes -r requirements/$REQUIREMENTS.txt

COPY bot bot
COPY content content
COPY storage storage
COPY scheduler scheduler
COPY adapters adapters
RUN python -m compileall -q bot content storage scheduler adapters

RUN useradd --system --uid 10001 --no-create-home coach && mkdir /data && chown coach /data
USER coach
VOLUME /data
EXPOSE 8080

HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]

ENTRYPOINT ["python", "-m", "adapters.cli"]
CMD ["serve"]
