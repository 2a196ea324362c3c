"""Opens AH and ESP packets with scapy, and seals packets with it.

A job a line on standard input: {"sa": {...}, "plain": HEX, "wire": HEX}, `sa` in scapy's words. An answer a line on standard
output: {"opened": HEX, "sealed": HEX}, or {"error": TEXT}; `opened` is what scapy makes of `wire`, `sealed` what it makes of `plain`.
"""

import json
import sys
import warnings

warnings.filterwarnings("ignore")

import scapy  # noqa: E402
from scapy.config import conf  # noqa: E402

conf.verb = 0
from scapy.layers.inet import IP  # noqa: E402
from scapy.layers.inet6 import IPv6  # noqa: E402
from scapy.layers.ipsec import AH, ESP, SecurityAssociation  # noqa: E402


def parse(octets):
    return IP(octets) if octets[0] >> 4 == 4 else IPv6(octets)


def association(words):
    tunnel = words.get("tunnel")
    header = None
    if tunnel:
        header = (IPv6 if ":" in tunnel[0] else IP)(src=tunnel[0], dst=tunnel[1])
    return SecurityAssociation(
        ESP if words["proto"] == "esp" else AH,
        spi=words["spi"],
        seq_num=1,
        crypt_algo=words.get("crypt"),
        crypt_key=bytes.fromhex(words.get("crypt_key", "")) or None,
        crypt_icv_size=words.get("crypt_icv_size"),
        auth_algo=words.get("auth"),
        auth_key=bytes.fromhex(words.get("auth_key", "")) or None,
        tunnel_header=header,
    )


def answer(job):
    opened = association(job["sa"]).decrypt(parse(bytes.fromhex(job["wire"])))
    sealed = association(job["sa"]).encrypt(parse(bytes.fromhex(job["plain"])))
    return {"opened": bytes(opened).hex(), "sealed": bytes(sealed).hex()}


def main():
    print(json.dumps({"scapy": scapy.__version__}))
    for line in sys.stdin:
        try:
            print(json.dumps(answer(json.loads(line))))
        except Exception as error:  # pylint: disable=broad-except
            print(json.dumps({"error": f"{type(error).__name__}: {error}"}))


main()
