# SPDX-License-Identifier: GPL-2.0-or-later
"""Do pando hw probe and lshw say the same of this machine? Lists every field that both know; status 1 when one differs.

    hardware_agree.py OURS.json LSHW.json
"""
import json
import sys


class Fields:
    """Collects "name, ours, theirs"; a field that one of them does not know is not compared."""

    def __init__(self):
        self.rows = []

    def add(self, name, ours, theirs):
        if ours in (None, "", 0, []) or theirs in (None, "", 0, []):
            return
        self.rows.append((name, str(ours), str(theirs)))

    def differing(self):
        return [row for row in self.rows if row[1].lower() != row[2].lower()]


def nodes(tree, address=""):
    """Every node of lshw's tree with the PCI address it hangs on."""
    for node in tree if isinstance(tree, list) else [tree]:
        businfo = node.get("businfo", "")
        if isinstance(businfo, str) and businfo.startswith("pci@"):
            address = businfo[len("pci@"):]
        yield node, address
        yield from nodes(node.get("children", []), address)


def names(node):
    """lshw gives one logical name as a text and several as a list."""
    given = node.get("logicalname", [])
    return [given] if isinstance(given, str) else given


def driver(node):
    """What drives the device; behind a virtio card, what drives the device on it."""
    for child in node.get("children", []):
        if child.get("businfo", "").startswith("virtio@"):
            return child.get("configuration", {}).get("driver")
    return node.get("configuration", {}).get("driver")


def compare(ours, theirs):
    fields = Fields()
    found = list(nodes(theirs))

    def first(condition):
        return next((node for node, _ in found if condition(node)), {})

    system = found[0][0]
    for key in ("vendor", "product", "serial"):
        fields.add(f"system {key}", ours["system"][key], system.get(key))
    fields.add("system uuid", ours["system"]["uuid"], system.get("configuration", {}).get("uuid"))
    core = first(lambda node: node["id"] == "core")
    for key in ("vendor", "product", "serial"):
        fields.add(f"board {key}", ours["board"][key], core.get(key))
    firmware = first(lambda node: node["id"] == "firmware")
    for key in ("vendor", "version", "date"):
        fields.add(f"bios {key}", ours["bios"][key], firmware.get(key))
    processor = first(lambda node: node["class"] == "processor" and node.get("product"))
    fields.add("cpu model", ours["cpu"]["model"], processor.get("product"))
    memory = first(lambda node: node["class"] == "memory" and node.get("description", "").lower() == "system memory")
    fields.add("memory installed", ours["memory"]["installed"], memory.get("size"))
    modules = [node for node in memory.get("children", []) if node.get("size")]
    fields.add("memory modules", len(ours["memory"]["modules"]), len(modules))

    by_name = {name: (node, address) for node, address in found for name in names(node)}
    for nic in ours["nics"]:
        node, address = by_name.get(nic["name"], ({}, ""))
        fields.add(f"NIC {nic['name']} mac", nic["mac"], node.get("serial"))
        fields.add(f"NIC {nic['name']} driver", nic["driver"], driver(node))
        fields.add(f"NIC {nic['name']} address", nic["address"], address)
        link = node.get("configuration", {}).get("link")
        fields.add(f"NIC {nic['name']} link", "yes" if nic["link"] else "no", link)
    for disk in ours["disks"]:
        node, address = by_name.get("/dev/" + disk["name"], ({}, ""))
        for key, theirs_key in (("size", "size"), ("serial", "serial"), ("model", "product"), ("vendor", "vendor")):
            fields.add(f"disk {disk['name']} {key}", disk[key], node.get(theirs_key))
        fields.add(f"disk {disk['name']} address", disk["address"], address)
    by_address = {node["businfo"][len("pci@"):]: node for node, _ in found if node.get("businfo", "").startswith("pci@")}
    for controller in ours["controllers"]:
        node = by_address.get(controller["address"], {})
        fields.add(f"controller {controller['address']} driver", controller["driver"], driver(node))
    displays = sorted(address for address, node in by_address.items() if node["class"] == "display")
    fields.add("GPU addresses", sorted(gpu["address"] for gpu in ours["gpus"]), displays)
    # Neither may know of parts that the other has not heard of.
    physical = {name for node, _ in found if node["class"] == "network" and "physical" in node.get("capabilities", {})
                and node.get("businfo") for name in names(node)}
    fields.add("NICs", sorted(nic["name"] for nic in ours["nics"]), sorted(physical))
    return fields


fields = compare(json.load(open(sys.argv[1])), json.load(open(sys.argv[2])))
for name, mine, other in fields.rows:
    print(f"{name}: {mine}" + ("" if mine.lower() == other.lower() else f"; lshw: {other}"))
different = fields.differing()
if not fields.rows:
    print("error: there is no field that both know", file=sys.stderr)
for name, mine, other in different:
    print(f"error: {name}: hw probe says {mine}, lshw says {other}", file=sys.stderr)
print(f"{len(fields.rows)} fields that both know, {len(different)} of them different")
sys.exit(1 if different or not fields.rows else 0)
