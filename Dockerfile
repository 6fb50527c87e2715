# The same install lines as the Makefile: pinned, with hashes. Content is part of the image.
FROM python:3.11-slim

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PYTHONUNBUFFERED=1 \
    MLOPS_DATABASE_URL=sqlite:////data/coach.db

WORKDIR /app

COPY requirements/run.txt requirements/run.txt
RUN python -m pip install --quiet --require-hashes -r requirements/run.txt

# PostgreSQL's driver is LGPL, so it is the choice of whoever builds: docker build --build-arg WITH_POSTGRES=1 .
# Its pins and hashes are in requirements/test.txt; the constraint keeps the version that the tests ran with.
ARG WITH_POSTGRES=""
COPY requirements/test.txt requirements/test.txt
RUN if [ -n "$WITH_POSTGRES" ]; then \
      sed -nE '/^(psycopg|psycopg-binary)==/,/^    # via/p' requirements/test.txt | grep -v '^    #' > requirements/postgres.txt \
      && python -m pip install --quiet --no-deps --require-hashes -r requirements/postgres.txt; \
    fi

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
CMD ["serve", "--host", "0.0.0.0", "--port", "8080"]
