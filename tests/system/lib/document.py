# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/faults.md from the cases of tests/system/cases and the figures in docs/faults.figures.

document.py TOP            takes over what was measured since (build/fault-figures), and writes
document.py TOP --check    exit 1 when the page is not what the cases say, or a test that it names is not there
"""
import pathlib, re, sys

top = pathlib.Path(sys.argv[1])
check = sys.argv[2:] == ["--check"]
cases = top / "tests/system/cases"
kept, fresh, page = top / "docs/faults.figures", top / "build/fault-figures", top / "docs/faults.md"

figures = {}
for file in (kept,) if check else (kept, fresh):
    for line in file.read_text().splitlines() if file.exists() else []:
        case, name, value, limit = line.split("\t")
        figures[case, name] = (value, limit)

rows, faults = {}, []
for file in sorted(cases.glob("*.bash")):
    head = dict(re.findall(r"^# (Fault|Expected|Bound|Short): (.*)$", file.read_text(), re.M))
    for word in ("Fault", "Expected", "Bound"):
        if word not in head: faults.append(f"{file}: no line '# {word}: …' in its head")
    measured = "; ".join(f"{name} {value} s (limit {limit})" for (case, name), (value, limit) in sorted(figures.items())
                         if case == file.stem)
    rows[file.stem] = (head.get("Fault", ""), head.get("Expected", ""), head.get("Bound", ""),
                       measured or "-", f"`{file.stem}`" + (", in the short choice" if head.get("Short") == "yes" else ""))
for line in (cases / "elsewhere").read_text().splitlines():
    if line.startswith("#"): continue
    number, fault, expected, by = (cell.strip() for cell in line.split("|"))
    path, words = by.split(": ", 1)
    if words not in (top / path).read_text(): faults.append(f"{cases / 'elsewhere'}: {path} has no '{words}'")
    rows[number.zfill(2)] = (fault, expected, "-", "-", path.removeprefix("tests/"))

text = """# The fault catalogue

What was done to the cluster, and what must be true after it. The first numbers are those by which the cases were asked
for. A case with a name of its own is caused in a lab of three blades by `tests/system/faults`, with checksummed writers
on every node: nothing that was acknowledged may be lost, and nothing torn. The figures are the last ones measured
there, emulated, with a token of 6 s. This page is made by `tests/system/faults --document`.

| | fault | what must be true | bound | measured | test |
|---|---|---|---|---|---|
"""
for name in sorted(rows):
    text += f"| {int(name[:2])} | " + " | ".join(rows[name]) + " |\n"
if check:
    if not page.exists() or page.read_text() != text:
        faults.append(f"{page} is not what the cases say: tests/system/faults --document")
    print("\n".join(faults))
    sys.exit(bool(faults))
for fault in faults: print(fault, file=sys.stderr)
kept.write_text("".join(f"{case}\t{name}\t{value}\t{limit}\n" for (case, name), (value, limit) in sorted(figures.items())))
page.write_text(text)
