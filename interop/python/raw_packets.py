"""Sends and receives raw IPv4 packets in the network namespace it runs in.

A line of standard input is a packet in hexadecimal, which goes out by the routing table; every packet that arrives at the
interface with TCP or UDP in it is a line of standard output.
"""

import socket
import struct
import sys
import threading

interface = sys.argv[1]
out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
inward = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
inward.bind((interface, 0x0800))


def receive():
    while True:
        octets, source = inward.recvfrom(65535)
        if source[2] != socket.PACKET_OUTGOING and octets[9] in (6, 17):
            length = struct.unpack("!H", octets[2:4])[0]
            print(octets[:length].hex(), flush=True)


threading.Thread(target=receive, daemon=True).start()
print("ready", flush=True)
for line in sys.stdin:
    packet = bytes.fromhex(line.strip())
    out.sendto(packet, (socket.inet_ntoa(packet[16:20]), 0))
