"""Gives segments to this machine's kernel through a TUN device and prints what a server reads of them.

Run in a network namespace of its own. Each line of input is one connection: "offset:hex offset:hex ...", the last
segment filling the last gap; each line of output is what the server read, in hex.
"""
import fcntl
import os
import select
import socket
import struct
import subprocess
import sys

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
CLIENT, SERVER, PORT, FIRST = "10.77.9.2", "10.77.9.1", 7777, 0xFFFFFFF0
SYN, ACK, RST = 2, 16, 4


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def segment(port, flags, sequence, acknowledgement, payload=b""):
    addresses = socket.inet_aton(CLIENT) + socket.inet_aton(SERVER)
    tcp = struct.pack("!HHIIBBHHH", port, PORT, sequence & 0xFFFFFFFF, acknowledgement, 0x50, flags, 60000, 0, 0) + payload
    total = checksum(addresses + struct.pack("!BBH", 0, 6, len(tcp)) + tcp)
    tcp = tcp[:16] + struct.pack("!H", total) + tcp[18:]
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + addresses
    return ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:] + tcp


def server_number(tun, port):
    while select.select([tun], [], [], 10)[0]:
        packet = os.read(tun, 2000)
        if packet[0] >> 4 == 4 and packet[9] == 6 and struct.unpack("!H", packet[22:24])[0] == port and packet[33] & SYN:
            return struct.unpack("!I", packet[24:28])[0]
    sys.exit("no answer to the SYN")


def read_all(connection, want):
    connection.settimeout(10)
    got = b""
    while len(got) < want:
        got += connection.recv(65536)
    return got


def main():
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", b"overlaps", IFF_TUN | IFF_NO_PI))
    subprocess.check_call(["ip", "addr", "add", SERVER + "/24", "dev", "overlaps"])
    subprocess.check_call(["ip", "link", "set", "overlaps", "up"])
    listener = socket.create_server((SERVER, PORT))
    for number, line in enumerate(sys.stdin):
        port = 10000 + number
        os.write(tun, segment(port, SYN, FIRST - 1, 0))
        acknowledgement = (server_number(tun, port) + 1) & 0xFFFFFFFF
        os.write(tun, segment(port, ACK, FIRST, acknowledgement))
        connection = listener.accept()[0]
        end = 0
        for part in line.split():
            offset, data = part.split(":")
            end = max(end, int(offset) + len(data) // 2)
            os.write(tun, segment(port, ACK, FIRST + int(offset), acknowledgement, bytes.fromhex(data)))
        print(read_all(connection, end).hex(), flush=True)
        os.write(tun, segment(port, RST, FIRST + end, acknowledgement))
        connection.close()


main()
