#!/usr/bin/env python3
"""Holds every #include of the program to tests/architecture/layers.txt.

    layers_test.py SOURCE            exit code 1: a folder includes one that is not below it, or the picture is not true
    layers_test.py SOURCE --picture  prints the edges that the picture of docs/architecture.md must have

An include that runs up, or sideways within a line of the list, fails, and with it every circle of folders. Folders that the
list does not name, and that are in none of these, fail, too. The picture shows the includes between folders without those that follow from others.
"""
import pathlib
import re
import sys

ROOTS = ("include", "host", "kernels")
SUFFIXES = (".h", ".cpp", ".cu", ".cuh", ".cpp.in")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
EDGE = re.compile(r"^\s*([\w/]+)\s*-->\s*([\w/]+)\s*$")
# The two halves meet in include/ alone.
HALVES = ("host", "kernels")


def read_layers(path):
    """{folder: its line's position}, and the positions at which a half begins, from the list."""
    layers = {}
    for position, line in enumerate(path.read_text().splitlines()):
        for folder in line.split("#")[0].split():
            if folder in layers:
                sys.exit(f"{path}:{position + 1}: {folder} stands there twice")
            layers[folder] = position
    return layers


def room_of(folder, layers):
    """The folder of the list that contains a folder: itself or the nearest one above; itself if there is none."""
    room = folder
    while room not in layers and "/" in room:
        room = room.rsplit("/", 1)[0]
    return room if room in layers else folder


def sources(source):
    for root in ROOTS:
        for path in sorted((source / root).rglob("*")):
            if path.name.endswith(SUFFIXES) and path.is_file():
                yield path


def target_of(source, path, name):
    """The folder of an included file of the program; None for a library's or a generated one."""
    for base in (path.parent, *(source / root for root in ROOTS)):
        found = base / name
        if found.is_file():
            return found.resolve().parent.relative_to(source).as_posix()
    return None


def allowed(layers, user, used):
    """Whether `user` may include `used`."""
    half_of = [next((half for half in HALVES if folder.split("/")[0] == half), None) for folder in (user, used)]
    if half_of[1] is not None and half_of[0] != half_of[1]:
        return False
    return user == used or layers[used] < layers[user]


def reduced(edges):
    """The edges without those that other edges imply."""
    def reaches(start, end, without):
        seen, todo = set(), [start]
        while todo:
            folder = todo.pop()
            for user, used in edges:
                if user == folder and (user, used) != without and used not in seen:
                    if used == end:
                        return True
                    seen.add(used)
                    todo.append(used)
        return False
    return {edge for edge in edges if not reaches(*edge, edge)}


def picture(path):
    """The edges of the first mermaid picture in a document, {(user, used)}, and how many pictures there are."""
    inside, pictures, edges = False, 0, set()
    for line in path.read_text().splitlines():
        if line.startswith("```"):
            inside = line == "```mermaid"
            pictures += inside
        elif inside and (match := EDGE.match(line)):
            edges.add(match.groups())
    return edges, pictures


def main():
    source = pathlib.Path(sys.argv[1]).resolve()
    layers_path = source / "tests/architecture/layers.txt"
    layers = read_layers(layers_path)
    faults, edges, met = [], set(), set()
    for path in sources(source):
        user = room_of(path.parent.relative_to(source).as_posix(), layers)
        met.add(user)
        if user not in layers:
            faults.append(f"{path.relative_to(source)}: {user} is not in {layers_path.name}; add it where it belongs")
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            used = match and target_of(source, path, match[1])
            used = used and room_of(used, layers)
            if not used or used == user:
                continue
            if used not in layers:
                faults.append(f"{path.relative_to(source)}:{number}: {used} is not in {layers_path.name}")
            elif not allowed(layers, user, used):
                faults.append(f"{path.relative_to(source)}:{number}: {user} must not include {used} ({match[1]}); "
                              f"move what is needed down, see {layers_path.name}")
            else:
                edges.add((user, used))
    faults += [f"{layers_path.name}: {folder} has no sources; remove it" for folder in layers.keys() - met]
    wanted = reduced(edges)
    if "--picture" in sys.argv:
        print("\n".join(f"  {user} --> {used}" for user, used in sorted(wanted)))
    elif (source / "docs/architecture.md").is_file():
        shown, pictures = picture(source / "docs/architecture.md")
        if pictures != 1:
            faults.append(f"docs/architecture.md has {pictures} mermaid pictures, not 1")
        faults += [f"docs/architecture.md: the picture lacks {user} --> {used}" for user, used in sorted(wanted - shown)]
        faults += [f"docs/architecture.md: the picture has {user} --> {used}, which no include makes"
                   for user, used in sorted(shown - wanted)]
    else:
        faults.append("docs/architecture.md is missing")
    print("\n".join(faults) if faults else f"{len(edges)} includes between {len(met)} folders, all of them down")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
