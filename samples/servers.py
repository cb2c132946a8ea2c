"""The programs that answer in the server namespace: dnsmasq, nginx and sshd."""

import random
import shutil
from pathlib import Path

from lab import SERVER, run, wait_for


def serve_dns(lab):
    names = " ".join(f"--host-record={name}" for name in DNS_NAMES)
    # Text records one by one: an answer with six passes 512 bytes, one with thirty passes the link's 1280.
    texts = " ".join(
        f"--txt-record={name}.example.com,{index:02}-{'x' * 90}"
        for name, count in (("keys", 6), ("large", 30))
        for index in range(count)
    )
    lab.start(
        SERVER,
        f"dnsmasq -k -u root -C /dev/null -x {lab.folder}/dns.pid --no-resolv --no-hosts --local=/example.com/"
        f" -a 192.0.2.1 -a 2001:db8:1::1 --edns-packet-max=4096 --cname=shop.example.com,www.example.com {names} {texts}",
    )
    wait_for("dnsmasq", lambda: lab.answers("dig +time=1 +tries=1 www.example.com @192.0.2.1"))


def serve_web(lab):
    run(f"openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=Sample-CA -keyout {lab.folder}/ca.key -out {lab.folder}/ca.pem")
    run(f"openssl req -newkey rsa:2048 -nodes -subj /CN=www.example.com -keyout {lab.folder}/web.key -out {lab.folder}/web.csr")
    (lab.folder / "san").write_text("subjectAltName=DNS:*.example.com")
    run(
        f"openssl x509 -req -days 3650 -in {lab.folder}/web.csr -CA {lab.folder}/ca.pem -CAkey {lab.folder}/ca.key"
        f" -CAcreateserial -extfile {lab.folder}/san -out {lab.folder}/web.pem"
    )
    root = lab.folder / "www"
    root.mkdir()
    noise = random.Random(2)
    for name, size in {"index.html": 3_000, "style.css": 9_000, "script.js": 24_000, "photo.bin": 48_000}.items():
        (root / name).write_bytes(noise.randbytes(size))
    (lab.folder / "nginx.conf").write_text(NGINX.replace("FOLDER", str(lab.folder)))
    lab.start(SERVER, f"nginx -p {lab.folder} -e {lab.folder}/error.log -c {lab.folder}/nginx.conf")
    wait_for("nginx", lambda: lab.answers("curl -sS -o /dev/null http://127.0.0.1/"))


def serve_ssh(lab):
    for name in ("host", "key"):
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "sample", "-f", f"{lab.folder}/{name}"])
    shutil.copyfile(lab.folder / "key.pub", lab.folder / "authorized")
    (lab.folder / "sshd.conf").write_text(
        f"HostKey {lab.folder}/host\nAuthorizedKeysFile {lab.folder}/authorized\nStrictModes no\nUsePAM no\nPidFile none\n"
    )
    Path("/run/sshd").mkdir(exist_ok=True)
    lab.start(SERVER, f"/usr/sbin/sshd -D -e -f {lab.folder}/sshd.conf")
    wait_for("sshd", lambda: lab.answers("ssh-keyscan -T 1 -t ed25519 127.0.0.1"))


DNS_NAMES = [
    "www.example.com,198.51.100.80,2001:db8:2::80",
    "docs.example.com,203.0.113.43,2001:db8:3::43",
    "shell.example.com,198.51.100.22",
]
NGINX = """
daemon off;
user root;
pid FOLDER/nginx.pid;
events {}
http {
    access_log off;
    client_body_temp_path FOLDER/body;
    proxy_temp_path FOLDER/proxy;
    fastcgi_temp_path FOLDER/fastcgi;
    uwsgi_temp_path FOLDER/uwsgi;
    scgi_temp_path FOLDER/scgi;
    ssl_certificate FOLDER/web.pem;
    ssl_certificate_key FOLDER/web.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    server {
        listen 80;
        listen [::]:80;
        listen 443 ssl http2;
        listen [::]:443 ssl http2;
        root FOLDER/www;
        location = / { return 204; }
        location = /form { return 204; }
    }
}
"""
