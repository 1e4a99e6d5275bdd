# Our entry in the side-by-side benchmark with other proxies: named in RPB_PEER, written like its
# other peers. The binary is the one that is shipped, as `deploy/build` makes it.
#
# Probes, breaker and hold stay as they are by default. So a page is what a visitor of a known
# outage gets: no connection is tried for it, and GETs wait up to 2 s where an outage begins.
INTERMISSION = os.environ.get("INTERMISSION_BIN", "target/x86_64-unknown-linux-gnu/dist/intermission")


@peer("intermission")
def _(c):
    timeouts = f'[timeouts]\nconnect = "1s"\nfirst_byte = "{int(c.timeout * 1000)}ms"\n'
    c.put("intermission.toml", f"""listen = "127.0.0.1:{c.port}"
listen_tls = "127.0.0.1:{c.tls}"
admin = "off"
workers = {c.workers}
data = "{c.dir}/data"
[log]
access = "off"
level = "error"
[clients]
idle_timeout = "300s"
connections = 20000
[tls]
certificate_file = "{c.cert}"
key_file = "{c.key}"
""")
    # The page of all peers, as a template that has nothing to fill in.
    with open(c.page) as page:
        c.put("sites/page.html", "{% raw %}" + page.read() + "{% endraw %}")
    for i, (host, upstream) in enumerate(c.sites):
        c.put(f"sites/s{i}.toml", f"""hosts = ["{host}"]
upstream = "http://{upstream}"
[brand]
name = "Benchmark"
[fallback]
template = "page.html"
{timeouts}[limits]
connections = 20000
""")
    return [os.path.abspath(INTERMISSION), "run", "--config", c.dir], {}
