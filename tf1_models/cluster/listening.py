"""The port of this member: free, on an address of this machine, and deaf on every other address.

TensorFlow's server listens on all addresses, whatever TF_CONFIG says (grpc_server_lib.cc asks for 0.0.0.0), and has no
option for less. `answer_only_on` makes the kernel drop what arrives for another address: a filter on the listening
socket, which any process may put on its own.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
from typing import List, NamedTuple

from tf1_models.cluster.configuration import Member
from tf1_models.errors import MachineError, one_line

SO_ATTACH_FILTER = 26
SKF_NET_OFF = -0x100000  # Linux: loads below this offset start at the IP header
_LOAD_WORD, _LOAD_BYTE, _AND, _EQUAL, _RETURN = 0x20, 0x30, 0x54, 0x15, 0x06  # classic BPF, linux/filter.h


class _Step(NamedTuple):
    code: int
    if_true: int
    if_false: int
    value: int


def addresses(member: Member) -> List[str]:
    """IP addresses of a member, from its host name.

    Raises:
        MachineError: the name does not resolve.
    """
    host, port = member.host_and_port()
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise MachineError(
            f"{member.label}: {host!r} does not resolve ({one_line(error)}); use an IP address in TF_CONFIG"
        ) from None
    return sorted({str(row[4][0]) for row in found})


def check_own(member: Member) -> List[str]:
    """Checks that this machine can listen there; returns the member's IP addresses.

    Raises:
        MachineError: the address is not of this machine, or the port is taken or forbidden.
    """
    own = []
    for ip in addresses(member):
        family = socket.AF_INET6 if ":" in ip else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # waiting remains of a killed member
                probe.bind((ip, 0))
                own.append(ip)
                with socket.socket(family, socket.SOCK_STREAM) as listener:
                    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    listener.bind((ip, member.host_and_port()[1]))
                    listener.listen(1)  # binding alone would not meet another listener
        except OSError as error:
            if ip in own:
                raise MachineError(
                    f"{member.label} cannot listen there ({one_line(error)}): end what uses the port (an earlier "
                    "member that still runs?), or choose another in TF_CONFIG"
                ) from None
    if not own:
        raise MachineError(
            f"{member.label} is not an address of this machine: start {member.name} on its own machine, or correct "
            "TF_CONFIG"
        )
    return own


def reachable(member: Member, within_s: float) -> bool:
    """Whether anybody accepts connections at a member's address."""
    try:
        socket.create_connection(member.host_and_port(), timeout=within_s).close()
        return True
    except OSError:
        return False


def answer_only_on(ips: List[str], port: int) -> bool:
    """Makes this process' listening sockets of a port drop whatever is addressed elsewhere.

    Args:
        ips: IPv4 and IPv6 addresses to answer on.
        port: Port that TensorFlow's server listens on.

    Returns:
        False where the kernel has no such filters: then the server answers on all addresses.
    """
    steps = _program([ip for ip in ips if ":" not in ip], [ip for ip in ips if ":" in ip])
    code = b"".join(struct.pack("=HBBI", s.code, s.if_true, s.if_false, s.value & 0xFFFFFFFF) for s in steps)
    buffer = ctypes.create_string_buffer(code)
    program = struct.pack("HP", len(steps), ctypes.addressof(buffer))  # struct sock_fprog
    found = False
    for number in _listening_descriptors(port):
        listener = socket.socket(fileno=os.dup(number))
        try:
            listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
            found = True
        except OSError:
            return False
        finally:
            listener.close()
    return found


def _program(four: List[str], six: List[str]) -> List[_Step]:
    """Classic BPF: accept (return all bytes) when the destination is in the lists, else drop (return 0)."""
    accept, drop = _Step(_RETURN, 0, 0, 0x7FFFFFFF), _Step(_RETURN, 0, 0, 0)
    for_four = [_Step(_LOAD_WORD, 0, 0, SKF_NET_OFF + 16)]  # destination in the IPv4 header
    for word in (struct.unpack("!I", socket.inet_aton(ip))[0] for ip in four):
        for_four += [_Step(_EQUAL, 0, 1, word), accept]
    for_four.append(drop)
    for_six: List[_Step] = []
    for words in (struct.unpack("!4I", socket.inet_pton(socket.AF_INET6, ip.split("%")[0])) for ip in six):
        for place, word in enumerate(words):  # destination in the IPv6 header; a mismatch jumps past this address
            for_six += [
                _Step(_LOAD_WORD, 0, 0, SKF_NET_OFF + 24 + 4 * place),
                _Step(_EQUAL, 0, 2 * (3 - place) + 1, word),
            ]
        for_six.append(accept)
    for_six.append(drop)
    version = [_Step(_LOAD_BYTE, 0, 0, SKF_NET_OFF), _Step(_AND, 0, 0, 0xF0), _Step(_EQUAL, 0, len(for_four), 0x40)]
    return version + for_four + for_six


def _listening_descriptors(port: int) -> List[int]:
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            if not os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
                continue
            with socket.socket(fileno=os.dup(int(name))) as candidate:
                if candidate.family not in (socket.AF_INET, socket.AF_INET6):
                    continue
                listening = candidate.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
                if listening and candidate.getsockname()[1] == port:
                    found.append(int(name))
        except OSError:
            continue  # gone meanwhile, or not a socket that can say
    return found
