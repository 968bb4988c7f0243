"""Which addresses lead out into the world, and which to this machine or its network.

The addresses in a feed are a stranger's: whoever follows one asks here first, of the address and of what its host
resolves to.
"""

from __future__ import annotations

import ipaddress
import socket

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def literal_ip(host: str) -> IPAddress | None:
    """Return the address that a host is itself, None where it is a name."""
    # Nearly all hosts are names, and finding that out by an exception is slow.
    if not (host[:1].isdigit() or ":" in host):
        return None
    try:
        found = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        try:
            # As the system reads it: also as one number, in octal or in hexadecimal.
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except OSError:
            return None
    return getattr(found, "ipv4_mapped", None) or found


def is_public(place: str) -> bool:
    """Tell whether an IP address, as text, leads out of this network."""
    found = literal_ip(place)
    return found is not None and found.is_global and not found.is_multicast


def names_this_network(host: str) -> bool:
    """Tell whether a host is by its own words this machine or inside its network; names are not looked up."""
    name = host.lower().rstrip(".")
    found = literal_ip(name)
    return name == "localhost" or name.endswith(".localhost") or (found is not None and not is_public(name))
