"""Certificates made by the openssl command when a test needs them: an authority of its own for each Authority."""
import subprocess


class Authority:
    """A CA whose certificate is `file`; issue() makes certificates that it has signed."""

    def __init__(self, folder, name="Test CA"):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.file, self.key = folder / "ca.pem", folder / "ca.key"
        self._make(self.file, self.key, name, "-days", "30", "-addext", "basicConstraints=critical,CA:TRUE",
                   "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def issue(self, name, *names, addresses=(), common_name=None, also=(), days=30):
        """(certificate, key) as files NAME.pem and NAME.key, for the host names `names` (`name` itself where none is given),
        good for servers and clients. `also`: further alternative names as openssl writes them, such as "URI:spiffe://x/y".
        `common_name` may be a whole subject, such as "/O=Example/CN=name"."""
        certificate, key = self.folder / f"{name.replace('*', '_')}.pem", self.folder / f"{name.replace('*', '_')}.key"
        listed = [f"DNS:{host}" for host in names or (name,)] + [f"IP:{address}" for address in addresses] + list(also)
        self._make(certificate, key, common_name or name, "-days", str(days), "-CA", self.file, "-CAkey", self.key,
                   "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "subjectAltName=" + ",".join(listed),
                   "-addext", "extendedKeyUsage=serverAuth,clientAuth")
        return certificate, key

    def _make(self, certificate, key, common_name, *more):
        self._run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                  "-subj", common_name if common_name.startswith("/") else f"/CN={common_name}", "-keyout", key, "-out", certificate, *more)

    def issue_expired(self, name):
        """Like issue(), for a certificate that was good on one day of 2020."""
        folder = self.folder / f"{name}-expired"
        folder.mkdir(exist_ok=True)
        (folder / "index.txt").touch()
        (folder / "ca.cnf").write_text(f"[ca]\ndefault_ca = x\n[x]\ndatabase = {folder}/index.txt\nnew_certs_dir = {folder}\n"
                                       f"default_md = sha256\npolicy = p\nrand_serial = yes\nunique_subject = no\n[p]\ncommonName = supplied\n"
                                       f"[e]\nsubjectAltName = DNS:{name}\n")
        certificate, key = folder / "expired.pem", folder / "expired.key"
        self._run("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                  "-keyout", key, "-out", folder / "request.pem")
        self._run("ca", "-batch", "-config", folder / "ca.cnf", "-extensions", "e", "-in", folder / "request.pem",
                  "-cert", self.file, "-keyfile", self.key, "-startdate", "20200101000000Z", "-enddate", "20200102000000Z",
                  "-notext", "-out", certificate)
        return certificate, key

    @staticmethod
    def _run(*arguments):
        made = subprocess.run(["openssl", *arguments], capture_output=True, text=True, timeout=60)
        assert made.returncode == 0, made.stderr
