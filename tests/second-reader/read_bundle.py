#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A second reader of bundles, receipts and tokens, written from bundle-format/SPEC.md alone.

It shares no code with the program, so it proves that the document is enough. Not for use at a site: it holds everything in memory,
knows no ledger, and its words are for developers.

    read_bundle.py bundle FOLDER --trust KEY.pub|CHAIN|DOMAIN [--site-key site.key] [--contents FOLDER]
    read_bundle.py receipt FILE
    read_bundle.py vectors tests/vectors        all of them, and that altered ones are refused

Needs python3-nacl (libsodium) and python3-zstandard.
"""
import bz2
import ctypes
import datetime
import hashlib
import json
import os
import re
import struct
import sys
import zlib

import zstandard
from nacl import bindings
from nacl.exceptions import CryptoError


class Refused(Exception):
    def __init__(self, kind, text):
        super().__init__(f"{kind}: {text}")
        self.kind = kind


def need(holds, kind, text):
    if not holds:
        raise Refused(kind, text)


def sha256(data):
    return hashlib.sha256(data).digest()


class Reader:
    """Little-endian fields, one after the other."""

    def __init__(self, data, what):
        self.data, self.at, self.what = data, 0, what

    def raw(self, count):
        need(self.at + count <= len(self.data), "malformed", f"{self.what} ends too early")
        out = self.data[self.at:self.at + count]
        self.at += count
        return out

    def number(self, count):
        return int.from_bytes(self.raw(count), "little")

    def u8(self):
        return self.number(1)

    def u16(self):
        return self.number(2)

    def u32(self):
        return self.number(4)

    def u64(self):
        return self.number(8)

    def zeros(self, count):
        need(self.raw(count) == bytes(count), "malformed", f"{self.what} has something in reserved bytes")

    def end(self):
        need(self.at == len(self.data), "malformed", f"{self.what} has something after its end")


# --- Names -----------------------------------------------------------------------------------------------------------------------

def real_date(year, month, day):
    try:
        return datetime.date(year, month, day) if 2010 <= year <= 2099 else None
    except ValueError:
        return None


def patchset(name):
    """(date, number, name, product), which sorts in release order; None if it is no patchset's name."""
    found = re.fullmatch(r"([KU]?)([0-9]{8})_([0-9]{1,4})(?:-([a-z0-9]{1,16}))?", name)
    if not found:
        return None
    kind, digits, number, suffix = found.groups()
    if int(number) == 0 or (suffix and (kind != "U" or suffix in ("user", "kernel"))):
        return None
    dates = [real_date(int(digits[:4]), int(digits[4:6]), int(digits[6:])), real_date(int(digits[4:]), int(digits[2:4]), int(digits[:2]))]
    dates = [date for date in dates if date]
    if len(dates) != 1:
        return None
    return dates[0], int(number), name, (suffix or "user") if kind == "U" else "kernel"


def archive(file):
    for ending in (".tar.bz2", ".tgz"):
        if file.endswith(ending):
            return patchset(file[:-len(ending)])
    return None


def is_site(name):
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}", name) is not None


def ascending(values):
    values = list(values)
    return all(a < b for a, b in zip(values, values[1:]))


# --- Signatures ------------------------------------------------------------------------------------------------------------------

TYPES = {name: f"application/vnd.patchferry.{name}.v1".encode() for name in ("bundle", "root", "receipt", "head", "permit", "archive")}


def verifies(key, kind, document, signature):
    if len(signature) != 64:
        return False
    message = b"DSSEv1 %d %s %d %s" % (len(TYPES[kind]), TYPES[kind], len(document), document)
    try:
        bindings.crypto_sign_open(signature + message, key)
        return True
    except CryptoError:
        return False


def key_id(key):
    return sha256(struct.pack("<H", 1) + key)


def decode_envelope(data):
    r = Reader(data, "the envelope")
    need(r.raw(4) == b"PFSI", "malformed", "not an envelope")
    count = r.u16()
    r.zeros(2)
    need(1 <= count <= 16, "malformed", "an impossible number of signatures")
    out = []
    for _ in range(count):
        key, length = r.raw(32), r.u32()
        need(1 <= length <= 8192, "malformed", "a signature of impossible length")
        out.append((key, r.raw(length)))
    r.end()
    need(ascending(key for key, _ in out), "malformed", "signatures are not sorted")
    return out


# --- Root documents --------------------------------------------------------------------------------------------------------------

ROLES = ("root", "release", "head")


def decode_root(data):
    r = Reader(data, "the root document")
    need(r.raw(8) == b"PFROOTDC", "malformed", "not a root document")
    need(r.u16() == 1, "unknown-format", "a newer root document")
    root = {"lowest_format": r.u16(), "version": r.u32(), "epoch": r.u32(), "previous": r.raw(32), "keys": []}
    count = r.u32()
    need(1 <= count <= 48, "malformed", "too many keys, or none")
    for _ in range(count):
        need((r.u16(), r.u16()) == (1, 32), "unknown-format", "an unknown algorithm")
        root["keys"].append(r.raw(32))
    need(ascending(root["keys"]), "malformed", "keys are not sorted")
    used = []
    for role in ROLES:
        threshold, size = r.u8(), r.u8()
        indices = list(r.raw(size))
        need(1 <= size <= 16 and 1 <= threshold <= size, "malformed", "an impossible threshold")
        need(ascending(indices) and indices[-1] < count, "malformed", "impossible indices")
        root[role] = threshold, [root["keys"][i] for i in indices]
        used += indices
    r.end()
    need(set(used) == set(range(count)), "malformed", "a key without a role")
    need(count == 1 or len(used) == len(set(used)), "malformed", "a key with two roles")
    need(root["version"] >= 1 and root["epoch"] >= 1 and root["lowest_format"] >= 1, "malformed", "a zero")
    return root


def single_key_root(key):
    return b"PFROOTDC" + struct.pack("<HHII", 1, 1, 1, 1) + bytes(32) + struct.pack("<IHH", 1, 1, 32) + key + bytes([1, 1, 0] * 3)


def decode_chain(data):
    r = Reader(data, "the root chain")
    chain = []
    while r.at < len(data):
        need(len(chain) < 1024, "too-large", "too many root documents")
        envelope, document = r.u32(), r.u32()
        chain.append((decode_envelope(r.raw(envelope)), r.raw(document)))
    need(chain, "malformed", "an empty root chain")
    return chain


def walk(chain, domains):
    """The document in force."""
    need(sha256(chain[0][1]) in domains, "untrusted", "a trust domain that nobody enrolled")
    before = None
    for place, (envelope, document) in enumerate(chain, 1):
        try:
            root = decode_root(document)
        except Refused as refusal:
            raise Refused("bad-root", str(refusal))
        need(root["version"] == place, "bad-root", "a version out of order")
        need(root["previous"] == (sha256(chain[place - 2][1]) if place > 1 else bytes(32)), "bad-root", "follows another document")
        judges = [root] if before is None else [root, before]
        if before:
            need(root["epoch"] >= before["epoch"] and root["lowest_format"] >= before["lowest_format"], "bad-root", "goes back")
        holders = {key_id(key): key for judge in judges for key in judge["root"][1]}
        for signer, signature in envelope:
            need(signer in holders, "bad-root", "signed by somebody else")
            need(verifies(holders[signer], "root", document, signature), "bad-root", "a signature that does not fit")
        signers = {signer for signer, _ in envelope}
        for judge in judges:
            threshold, keys = judge["root"]
            need(sum(key_id(key) in signers for key in keys) >= threshold, "bad-root", "too few signatures")
        before = root
    return before


def check_signatures(root, role, kind, document, envelope):
    threshold, keys = root[role]
    holders = {key_id(key): key for key in keys}
    for signer, signature in envelope:
        need(signer in holders, "unknown-key", f"a key without the role {role}")
        need(verifies(holders[signer], kind, document, signature), "bad-signature", "a signature that does not fit")
    need(len(envelope) >= threshold, "threshold", "too few signatures")


# --- Statement, volumes ----------------------------------------------------------------------------------------------------------

def decode_statement(data):
    r = Reader(data, "the statement")
    need(len(data) == 512 and r.raw(8) == b"PFSTATEM", "malformed", "not a statement")
    need(r.u16() == 1 and r.u16() == 1, "unknown-format", "another version or kind")
    flags = r.u32()
    need(flags & ~1 == 0, "unknown-format", "unknown critical flags")
    s = {"encrypted": flags == 1}
    for name, size in (("trust_domain", 32), ("audience", 32), ("stream", 16)):
        s[name] = r.raw(size)
    s["epoch"], s["root_version"], s["sequence"] = r.u32(), r.u32(), r.u64()
    s["previous"], s["before"], s["after"] = r.raw(32), r.raw(32), r.raw(32)
    s["created"], s["expires"], s["bundle"] = r.u64(), r.u64(), r.raw(16)
    s["volumes"], s["log2"], s["payload"], s["expanded"] = r.u32(), r.u32(), r.u64(), r.u64()
    s["patchsets"], s["withdrawn"], s["objects"], s["tables"] = r.u32(), r.u32(), r.u64(), r.u64()
    s["volume_table"], s["volume_table_hash"] = r.u64(), r.raw(32)
    s["manifest"], s["manifest_hash"], s["tables_hash"], s["sealed"] = r.u64(), r.raw(32), r.raw(32), r.raw(80)
    r.zeros(32)
    r.end()
    need(s["encrypted"] or s["sealed"] == bytes(80), "malformed", "a sealed key, and not encrypted")
    need(s["epoch"] >= 1 and s["root_version"] >= 1 and 1 <= s["sequence"] <= 2**53, "malformed", "impossible numbers")
    need(1 <= s["volumes"] <= 9999 and 12 <= s["log2"] <= 24, "too-large", "volumes or blocks")
    need(s["payload"] <= 2**50 and s["expanded"] <= 2**50, "too-large", "payload")
    need(s["patchsets"] <= 100000 and s["withdrawn"] <= 100000, "too-large", "patchsets")
    need(s["tables"] <= 3 * 2**25 and s["manifest"] <= 2**23, "too-large", "tables or manifest")
    need(s["objects"] <= s["tables"] and s["volume_table"] == 64 * s["volumes"], "malformed", "counts that do not fit")
    if s["encrypted"]:
        need(s["patchsets"] == s["withdrawn"] == s["objects"] == 0, "malformed", "encrypted, and counts")
        need(is_encrypted_length(s["tables"], s["log2"]) and (s["manifest"] == 0 or s["manifest"] > 16), "malformed", "lengths")
    return s


def blocks(size, log2):
    return (size + 2**log2 - 1) >> log2


def decode_volume_table(data, s):
    r = Reader(data, "the volume table")
    table, offset = [], 0
    for number in range(1, s["volumes"] + 1):
        volume, count, begin, size, leaves = r.u32(), r.u32(), r.u64(), r.u64(), r.raw(32)
        r.zeros(8)
        need(volume == number and begin == offset, "malformed", "volumes out of order")
        need(count == blocks(size, s["log2"]) and count <= 65536, "malformed", "an impossible number of blocks")
        need(not s["encrypted"] or is_encrypted_length(size, s["log2"]), "malformed", "a length that nothing encrypted has")
        offset += size
        table.append({"size": size, "leaves": leaves})
    r.end()
    need(offset == s["payload"], "malformed", "volumes do not add up")
    return table


# --- Encryption ------------------------------------------------------------------------------------------------------------------

MANIFEST, TABLES, PAYLOAD = 1, 2, 3


def is_encrypted_length(size, log2):
    return size % 2**log2 == 0 or size % 2**log2 > 16


def open_sealed(sealed, secret):
    try:
        return bindings.crypto_box_seal_open(sealed, bindings.crypto_scalarmult_base(secret), secret)
    except CryptoError:
        raise Refused("wrong-key", "sealed to another key")


def decrypt_chunk(key, part, volume, chunk, data):
    nonce = struct.pack("<IIQ8x", part, volume, chunk)
    try:
        return bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(data, None, nonce, key)
    except CryptoError:
        raise Refused("malformed", "a chunk that does not decrypt")


def decrypt_blocks(key, part, volume, data, log2):
    step = 2**log2
    return b"".join(decrypt_chunk(key, part, volume, i, data[i * step:(i + 1) * step]) for i in range(blocks(len(data), log2)))


# --- Manifest and tables ---------------------------------------------------------------------------------------------------------

def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def parse_json(data, kind):
    def once(pairs):
        need(len({key for key, _ in pairs}) == len(pairs), kind, "a key twice")
        return dict(pairs)

    try:
        value = json.loads(data.decode("ascii"), object_pairs_hook=once)
    except (ValueError, RecursionError):
        raise Refused(kind, "not JSON")
    need(canonical(value) == data, kind, "not written the one way that is allowed")
    return value


def check_shape(value, shape, kind, where="it"):
    """`shape`: a type, a one-element list, a dict of all keys, or a regular expression for a text."""
    if isinstance(shape, dict):
        need(isinstance(value, dict) and value.keys() == shape.keys(), kind, f"{where} has other keys")
        for key, inner in shape.items():
            check_shape(value[key], inner, kind, key)
    elif isinstance(shape, list):
        need(isinstance(value, list), kind, f"{where} is no list")
        for one in value:
            check_shape(one, shape[0], kind, where)
    elif isinstance(shape, str):
        need(isinstance(value, str) and re.fullmatch(shape, value), kind, f"{where} is not right: {value!r}")
    else:
        need(type(value) is shape and (shape is not int or 0 <= value < 2**64), kind, f"{where} is of another type")


HEX, HEX32, NAME = "[0-9a-f]{64}", "[0-9a-f]{32}", "[A-Za-z0-9._+-]+"
MANIFEST_SHAPE = {
    "fixes_left_out": bool, "format": int, "kernels": [r"[!#-&(-\[\]-~]{1,128}"], "memory": int,
    "needs": [{"bundle": int, "name": NAME, "sha256": HEX}],
    "patchsets": [{"archive": {"bytes": int, "expanded": int, "sha256": HEX}, "file": NAME, "first_seen": int,
                   "fixes": [{"cve": "CVE-[0-9]{4}-[0-9]+", "cvss10": int, "kernels": [int]}],
                   "name": NAME, "product": "[a-z0-9]+", "released": "[0-9]{4}-[0-9]{2}-[0-9]{2}"}],
    "sequence": int, "site": NAME, "tables": {"bases": int, "objects": int, "packs": int, "recipes": int}, "withdrawn": [NAME]}


def decode_manifest(data, s, plain_tables):
    m = parse_json(data, "malformed")
    for p in m.get("patchsets", []) if isinstance(m, dict) else []:
        if isinstance(p, dict) and "channel" in p:  # the one key that may be absent
            need(p.pop("channel") in ("test", "unstable"), "malformed", "a channel")
    check_shape(m, MANIFEST_SHAPE, "malformed", "the manifest")
    bad = lambda holds, text: need(holds, "malformed", text)
    bad(m["format"] == 1, "format")
    bad(is_site(m["site"]) and sha256(m["site"].encode()) == s["audience"], "another site")
    bad(m["sequence"] == s["sequence"], "another sequence")
    if not s["encrypted"]:
        bad(len(m["patchsets"]) == s["patchsets"] and len(m["withdrawn"]) == s["withdrawn"], "other counts")
        bad(m["tables"]["objects"] == 64 * s["objects"], "another number of objects")
    bad(max(len(m[key]) for key in ("patchsets", "withdrawn", "needs")) <= 100000, "too many")
    bad(sum(m["tables"].values()) == plain_tables, "other table lengths")
    need(m["memory"] <= 2**27, "too-large", "memory")
    bad(len(m["kernels"]) <= 100_000, "too many kernels")
    bad(ascending(m["kernels"]) and ascending(m["withdrawn"]) and all(map(patchset, m["withdrawn"])), "kernels, withdrawn")
    bad(ascending(n["name"] for n in m["needs"]), "needs out of order")
    for n in m["needs"]:
        bad(patchset(n["name"]) and 1 <= n["bundle"] < m["sequence"], "needs something impossible")
    order = []
    for p in m["patchsets"]:
        known = archive(p["file"])
        bad(known, "an archive's name")
        date, _, name, product = known
        bad((p["name"], p["product"], p["released"]) == (name, product, date.isoformat()), "what follows from the name")
        bad(p["archive"]["bytes"] <= 2**50 and p["archive"]["expanded"] <= s["expanded"], "sizes")
        bad(ascending(f["cve"] for f in p["fixes"]), "CVEs out of order")
        for f in p["fixes"]:
            bad(13 <= len(f["cve"]) <= 32 and f["cvss10"] <= 100 and ascending(f["kernels"]), "a fix")
            bad(not f["kernels"] or f["kernels"][-1] < len(m["kernels"]), "an index")
        order.append(known)
    bad(ascending(order), "patchsets out of order")
    bad(len({name.lower() for _, _, name, _ in order}) == len(order), "two patchsets of one name")
    return m


def records(data, width):
    need(len(data) % width == 0, "malformed", "half a record")
    return [Reader(data[at:at + width], "a record") for at in range(0, len(data), width)]


def decode_tables(data, m, payload, ceiling):
    """Of a manifest's four tables: objects {hash: (bytes, pack, offset)}, recipes {archive: (object, kind, bytes)}, and packs, each
    (codec, offset, stored, expanded, bases)."""
    r = Reader(data, "the tables")
    texts = {name: r.raw(m["tables"][name]) for name in ("objects", "recipes", "packs", "bases")}
    r.end()
    packs, offset, expanded = [], 0, 0
    for place, r in enumerate(records(texts["packs"], 64)):
        index, codec, begin, stored, size = r.u32(), r.u32(), r.u64(), r.u64(), r.u64()
        r.zeros(32)
        need(codec in (0, 1), "unknown-format", "a codec")
        need((index, begin) == (place, offset) and (codec == 1 or stored == size), "malformed", "packs with gaps")
        packs.append((codec, begin, stored, size, []))
        offset, expanded = offset + stored, expanded + size
    need(offset == payload, "malformed", "packs that do not fill the payload")
    need(expanded <= ceiling, "too-large", "packs beyond the ceiling")
    objects, last = {}, None
    for r in records(texts["objects"], 64):
        name, size, pack = r.raw(32), r.u64(), r.u32()
        r.zeros(4)
        begin = r.u64()
        r.zeros(8)
        need(pack < len(packs) and begin + size <= packs[pack][3], "malformed", "an object outside its pack")
        need(last is None or last < name, "malformed", "objects out of order")
        objects[name] = size, pack, begin
        last = name
    lying = sorted((pack, begin, begin + size) for size, pack, begin in objects.values())
    need(all(a[0] != b[0] or a[2] <= b[1] for a, b in zip(lying, lying[1:])), "malformed", "objects that lie one upon the other")
    recipes, last = {}, None
    for r in records(texts["recipes"], 80):
        made, source, kind = r.raw(32), r.raw(32), r.u32()
        r.zeros(4)
        size = r.u64()
        need(kind in (0, 1), "unknown-format", "a recipe")
        need((last is None or last < made) and source in objects, "malformed", "a recipe")
        need(kind == 1 or (made == source and objects[source][0] == size), "malformed", "a verbatim recipe")
        recipes[made] = source, kind, size
        last = made
    last = 0
    for r in records(texts["bases"], 48):
        pack = r.u32()
        r.zeros(4)
        name, size = r.raw(32), r.u64()
        need(last <= pack < len(packs) and packs[pack][0] == 1, "malformed", "a base of no such pack, or out of order")
        bases = packs[pack][4]
        need(sum(one for _, one in bases) + size <= 2**26, "too-large", "bases")
        need(name not in objects or (objects[name][1] < pack and objects[name][0] == size), "malformed", "a base that comes too late")
        bases.append((name, size))
        last = pack
    memory = max((sum(one for _, one in bases) + min(size, 2**27) for codec, _, _, size, bases in packs if codec == 1), default=0)
    need(memory == m["memory"], "malformed", "other memory than the manifest says")
    return objects, recipes, packs


# --- Packs -----------------------------------------------------------------------------------------------------------------------

def expand_frame(stored, size, prefix):
    """A pack of codec 1."""
    need(stored.startswith(b"\x28\xb5\x2f\xfd"), "malformed", "not a zstd frame")
    try:
        frame = zstandard.get_frame_parameters(stored)
        need(frame.content_size == size, "malformed", "a pack that does not say how much it holds, or something else")
        need(frame.window_size <= 2**27 and frame.dict_id == 0, "malformed", "a window or a dictionary")
        prefix = {"dict_data": zstandard.ZstdCompressionDict(prefix, dict_type=zstandard.DICT_TYPE_RAWCONTENT)} if prefix else {}
        expansion = zstandard.ZstdDecompressor(max_window_size=2**27, **prefix).decompressobj()
        plain = expansion.decompress(stored)
    except zstandard.ZstdError:
        raise Refused("malformed", "a pack that cannot be expanded")
    need(expansion.eof and not expansion.unused_data and len(plain) == size, "malformed", "a pack with another end")
    return plain


def expand_packs(objects, packs, payload, site):
    """All contents that the packs hold, by hash. `site`: those that the site has."""
    contents = {}
    for place, (codec, begin, stored, size, bases) in enumerate(packs):
        plain = payload[begin:begin + stored]
        if codec == 1:
            prefix = b""
            for name, length in bases:
                base = contents.get(name, site.get(name))
                need(base is not None and len(base) == length, "incomplete", f"base {name.hex()}")
                prefix += base
            plain = expand_frame(plain, size, prefix)
        for name, (length, pack, offset) in objects.items():
            if pack == place:
                contents[name] = plain[offset:offset + length]
                need(sha256(contents[name]) == name, "damaged", f"object {name.hex()}")
    return contents


# --- Recipes ---------------------------------------------------------------------------------------------------------------------

def decode_recipe(data):
    """Parts, each a hash or bytes with its length, and the packing."""
    need(len(data) <= 2**26, "too-large", "a recipe")
    r = Reader(data, "a recipe")
    need(r.raw(8) == b"PFRECIPE", "malformed", "not a recipe")
    count, contents, literal, packing = r.u64(), r.u64(), r.u64(), r.u64()
    need(count <= 500000 and len(data) == 40 + 8 * count + 32 * contents + literal + packing, "malformed", "a recipe of another length")
    lengths = [(length & 2**63 - 1, length >> 63) for length in (r.u64() for _ in range(count))]
    hashes = [r.raw(32) for _ in range(contents)]
    need(all(length for length, _ in lengths), "malformed", "a part of no bytes")
    need(sum(length for length, _ in lengths) < 2**63, "malformed", "an impossible size")
    need(not any(not a and not b for (_, a), (_, b) in zip(lengths, lengths[1:])), "malformed", "two literal parts in a row")
    need(sum(is_content for _, is_content in lengths) == contents, "malformed", "contents that are not parts")
    need(sum(length for length, is_content in lengths if not is_content) == literal, "malformed", "literal bytes that are not parts")
    waiting = iter(hashes)
    parts = [(next(waiting), length, True) if is_content else (r.raw(length), length, False) for length, is_content in lengths]
    packing = r.raw(packing)
    r.end()
    return parts, packing


def make_archive(recipe, contents):
    parts, packing = decode_recipe(recipe)
    stream = []
    for what, length, is_content in parts:
        if is_content:
            need(what in contents and len(contents[what]) == length, "incomplete", f"content {what.hex()}")
        stream.append(contents[what] if is_content else what)
    return pack_bzip2(packing, b"".join(stream))


# --- bzip2 packing ---------------------------------------------------------------------------------------------------------------
# Bits are texts of 0 and 1 here.

def varint(r, least, most):
    value = shift = 0
    while True:
        byte = r.u8()
        value |= (byte & 127) << shift
        if byte < 128:
            break
        shift += 7
        need(shift < 63, "malformed", "a number that is too long")
    need(byte or not shift, "malformed", "a number that is written too long")
    need(least <= value <= most, "malformed", "a number beyond its bounds")
    return value


def text_of_bits(data):
    return format(int.from_bytes(data, "big"), f"0{8 * len(data)}b") if data else ""


def bytes_of_bits(bits):
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def decode_packing(data):
    """Its rows: (first byte & 0xf0, level, plain, count, blocks, padding or bytes)."""
    need(1 <= len(data) <= 2**26, "malformed", "a packing of impossible length")
    r = Reader(data, "the packing")
    rows, plain, empty = [], 0, 0
    while r.at < len(data):
        need(not rows or rows[-1][0] != 0x40, "malformed", "something behind the literal bytes")
        kind, level = divmod(r.u8(), 16)
        kind *= 16
        if kind == 0x40:
            need(rows and level == 0, "malformed", "literal bytes at the beginning")
            rows.append((kind, 0, 0, 1, [], r.raw(varint(r, 1, 2**26))))
            continue
        need(kind in (0x10, 0x20, 0x30) and 1 <= level <= 9, "malformed", "a row of no known kind")
        if kind != 0x30:
            each, count = varint(r, kind == 0x20, 2**44), varint(r, 1, 2**44)
            need(not rows or rows[-1][:3] != (kind, level, each), "malformed", "two rows where one would do")
            rows.append((kind, level, each, count, [], 0))
            plain, empty = plain + each * count, empty + (count if each == 0 else 0)
        else:
            blocks = []
            for _ in range(varint(r, 0, 2**26)):
                how = r.u8()
                need(1 <= how <= 4, "malformed", "a block of no known kind")
                each, bits = varint(r, 1, 46620000), ""
                if how != 1:
                    count = varint(r, 32, 2**26 if how == 4 else 2**18)
                    bits = text_of_bits(r.raw((count + 7) // 8))
                    need("1" not in bits[count:], "malformed", "bits behind a block's end")
                    bits = bits[:count]
                blocks.append((how, each, bits))
                plain += each
            rows.append((kind, level, 0, 1, blocks, r.u8()))
            need(rows[-1][5] < 128, "malformed", "more padding than a byte takes")
            empty += not blocks
        need(plain <= 2**44 and empty <= 65536, "malformed", "too many plain bytes, or empty streams")
    return rows, plain


def libbz2_at_once(plain, level):
    """bz2 of Python's library feeds and finishes apart from each other; this gives libbz2 all at once."""
    out = ctypes.create_string_buffer(len(plain) + len(plain) // 50 + 1000)
    size = ctypes.c_uint(len(out))
    result = ctypes.CDLL("libbz2.so.1.0").BZ2_bzBuffToBuffCompress(out, ctypes.byref(size), plain, len(plain), level, 0, 0)
    if result != 0:
        raise MemoryError(f"libbz2 says {result}")
    return out.raw[:size.value]


def runs(plain, longest):
    return re.finditer(rb"(.)\1{0,%d}" % (longest - 1), plain, re.DOTALL)


def edge_of_block(plain, level):
    """Where the byte lies that ends libbz2's first block, as it completes the last run of it; None: there is but one block."""
    made = 0
    for run in runs(plain, 255):
        length = run.end() - run.start()
        made += length if length < 4 else 5
        if made >= 100000 * level - 19 and run.end() < len(plain):
            return run.end()
    return None


def ends_just_full(plain, level):
    while (edge := edge_of_block(plain, level)) is not None:
        if edge == len(plain) - 1:
            return True
        plain = plain[edge:]
    return False


BLOCK, END = format(0x314159265359, "048b"), format(0x177245385090, "048b")
REVERSED = bytes(int(format(byte, "08b")[::-1], 2) for byte in range(256))


def bzip2_crc(plain):
    """The CRC-32 of zlib with all bits the other way round."""
    return format(zlib.crc32(plain.translate(REVERSED)), "032b")[::-1]


def libbz2_block(plain, level):
    edge = edge_of_block(plain, level)
    need(edge in (None, len(plain) - 1), "malformed", "libbz2 makes two blocks of it")
    bits, tail = text_of_bits(libbz2_at_once(plain, level)[4:]), END + bzip2_crc(plain)
    return bits[:bits.rindex(tail)]


def sorted_rotations(text):
    """By their first 1, 2, 4, ... bytes."""
    size, step = len(text), 1
    rank = list(text)
    while True:
        pairs = [(rank[i], rank[(i + step) % size]) for i in range(size)]
        order = sorted(range(size), key=pairs.__getitem__)
        number, last = -1, None
        for i in order:
            number += pairs[i] != last
            last = pairs[i]
            rank[i] = number
        if number == size - 1:
            return order
        step *= 2


def chosen_block(plain, longest, choice):
    text = bytearray()
    for run in runs(plain, longest):
        length, byte = run.end() - run.start(), plain[run.start()]
        text += bytes([byte]) * min(length, 4) + (bytes([length - 4]) if length >= 4 else b"")
    text = bytes(text)
    need(len(text) <= 900000 and (text + text).index(text, 1) == len(text), "malformed", "too much for a block, or a repeated text")
    order = sorted_rotations(text)
    used = sorted(set(text))
    alphabet, front, symbols, zeros = len(used) + 2, list(used), [], 0

    def put_zeros():
        nonlocal zeros
        while zeros:
            symbols.append(0 if zeros % 2 else 1)
            zeros = (zeros - 1) // 2

    for i in order:
        place = front.index(text[i - 1])
        if place == 0:
            zeros += 1
            continue
        put_zeros()
        symbols.append(place + 1)
        front.insert(0, front.pop(place))
    put_zeros()
    symbols.append(alphabet - 1)

    at = 0

    def get(count):
        nonlocal at
        need(at + count <= len(choice), "malformed", "a choice that ends too early")
        at += count
        return int(choice[at - count:at], 2)

    count = get(3)
    need(2 <= count <= 6, "malformed", "an impossible number of tables")
    front, selectors = list(range(count)), []
    for _ in range(get(15)):
        place = 0
        while get(1):
            place += 1
            need(place < count, "malformed", "a table that is not there")
        front.insert(0, front.pop(place))
        selectors.append(front[0])
    tables = []
    for _ in range(count):
        length, lengths = get(5), []
        for _ in range(alphabet):
            need(1 <= length <= 20, "malformed", "an impossible length")
            while get(1):
                length += -1 if get(1) else 1
                need(1 <= length <= 20, "malformed", "an impossible length")
            lengths.append(length)
        codes, code = {}, 0
        for length in range(1, 21):
            for symbol in range(alphabet):
                if lengths[symbol] == length:
                    codes[symbol] = format(code % 2**length, f"0{length}b")
                    code += 1
            code *= 2
        tables.append(codes)
    need(at == len(choice) and 1 <= len(selectors) and 50 * len(selectors) >= len(symbols), "malformed", "a choice that does not fit")
    ranges = ["".join("1" if 16 * i + j in used else "0" for j in range(16)) for i in range(16)]
    used_bits = "".join("1" if "1" in one else "0" for one in ranges) + "".join(one for one in ranges if "1" in one)
    codes = "".join(tables[selectors[i // 50]][symbol] for i, symbol in enumerate(symbols))
    return BLOCK + bzip2_crc(plain) + "0" + format(order.index(0), "024b") + used_bits + choice + codes


def other_stream(plain, level, blocks, padding):
    out, combined = text_of_bits(b"BZh%d" % level), 0
    for how, size, bits in blocks:
        part, plain = plain[:size], plain[size:]
        block = {1: lambda: libbz2_block(part, level), 2: lambda: chosen_block(part, 255, bits),
                 3: lambda: chosen_block(part, 259, bits), 4: lambda: BLOCK + bits}[how]()
        combined = (combined << 1 & 0xffffffff | combined >> 31) ^ int(block[48:80], 2)
        out += block
    out += END + format(combined, "032b")
    left = -len(out) % 8
    need(padding < 1 << left, "malformed", "padding that has no room")
    return bytes_of_bits(out + (format(padding, f"0{left}b") if left else ""))


def pack_bzip2(packing, plain):
    """The bzip2 file of these plain bytes."""
    rows, asked = decode_packing(packing)
    need(asked == len(plain), "malformed", "another number of plain bytes than the packing says")
    out, at = [], 0
    for kind, level, each, count, blocks, rest in rows:
        if kind == 0x40:
            out.append(rest)
            continue
        each = each or sum(size for _, size, _ in blocks)
        for _ in range(count):
            part = plain[at:at + each]
            at += each
            if kind == 0x10:
                out.append(bz2.compress(part, level))
            elif kind == 0x20:
                need(ends_just_full(part, level), "malformed", "a stream that does not end just as a block is full")
                out.append(libbz2_at_once(part, level))
            else:
                out.append(other_stream(part, level, blocks, rest))
    return b"".join(out)


# --- Bundles ---------------------------------------------------------------------------------------------------------------------

def time_text(seconds):
    if seconds >= 253402300800:
        return "after the year 9999"
    return (datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S UTC")


HEAD = """This folder is a Patchferry bundle: live-patch archives on their way to servers without internet.

"""
TAIL = """On the machine inside, check it and bring it in with

  patchferry verify THIS-FOLDER --trust KEY.pub
  patchferry diff   THIS-FOLDER
  patchferry import THIS-FOLDER

"""


def readme(s, site):
    volumes = f"  volumes     {s['volumes']} ({s['bundle'].hex()}.0001.pfv ...), {s['payload']} bytes of payload\n\n"
    numbers = f"  sequence    {s['sequence']}\n  made        {time_text(s['created'])}\n"
    if s["encrypted"]:
        return (HEAD + numbers + volumes
                + "It is encrypted: only the site that it is for can read what it brings. Nothing in it can be changed unnoticed: every\n"
                "byte hangs from a signature, which anybody can check.\n" + TAIL
                + "If you found this medium, please give it back to the people who run the site that this folder is named after.\n")
    return (HEAD + f"  for site    {site}\n" + numbers + f"  patchsets   {s['patchsets']} new, {s['withdrawn']} withdrawn\n" + volumes
            + "Nothing in it is secret, and nothing in it can be changed unnoticed: every byte hangs from a signature.\n" + TAIL
            + "If you found this medium, please give it back to the people who run the site named above.\n")


def read_volume(data, domains):
    """One volume up to its leaves; the rest is left in `rest`."""
    need(len(data) >= 32, "cut", "no preamble")
    r = Reader(data, "the preamble")
    need(r.raw(8) == b"PFVOLUME", "malformed", "not a volume")
    need(r.u16() == 1, "unknown-format", "another version")
    r.zeros(2)
    number, envelope, chain, table, leaves = (r.u32() for _ in range(5))
    need(1 <= number <= 9999 and 8 <= envelope <= 131656 and chain <= 2097152, "malformed", "the preamble")
    need(1 <= table <= 639936 and leaves <= 2097152 and leaves % 32 == 0, "malformed", "the preamble")
    need(len(data) >= 32 + 512 + envelope + chain + table + leaves, "cut", "the metadata region")
    parts = [r.raw(size) for size in (envelope, 512, chain, table, leaves)]
    links = decode_chain(parts[2])
    root = walk(links, domains)
    check_signatures(root, "release", "bundle", parts[1], decode_envelope(parts[0]))
    s = decode_statement(parts[1])
    need((s["trust_domain"], s["root_version"], s["epoch"]) == (sha256(links[0][1]), root["version"], root["epoch"]), "bad-root",
         "signed under another root document")
    need(root["lowest_format"] <= 1, "old-format", "no longer accepted")
    need(number <= s["volumes"] and sha256(parts[3]) == s["volume_table_hash"], "damaged", "the volume table")
    records_ = decode_volume_table(parts[3], s)
    mine = records_[number - 1]
    need(len(parts[4]) == 32 * blocks(mine["size"], s["log2"]), "damaged", "the leaves")
    need(sha256(b"PFLEAVES" + s["bundle"] + struct.pack("<I", number) + parts[4]) == mine["leaves"], "damaged", "the leaves")
    carries = number in (1, s["volumes"])
    size = r.at + mine["size"] + (s["manifest"] + s["tables"] if carries else 0)
    need(len(data) >= size, "cut", "the volume")
    need(len(data) == size, "extended", "the volume")
    manifest = r.raw(s["manifest"]) if carries else None
    tables = r.raw(s["tables"]) if carries else None
    if carries:
        need(sha256(manifest) == s["manifest_hash"], "damaged", "the manifest")
        need(sha256(tables) == s["tables_hash"], "damaged", "the tables")
    payload = r.raw(mine["size"])
    for i in range(blocks(len(payload), s["log2"])):
        block = payload[i << s["log2"]:(i + 1) << s["log2"]]
        need(sha256(block) == parts[4][32 * i:32 * i + 32], "damaged", f"block {i}")
    return {"number": number, "hash": sha256(parts[1]), "statement": s, "root": root, "manifest": manifest, "tables": tables,
            "payload": payload}


def make_archives(m, tables, payload, ceiling, site):
    """What a manifest brings, by name, out of tables and payload as they were before they were encrypted."""
    objects, recipes, packs = decode_tables(tables, m, len(payload), ceiling)
    wanted = {p["name"]: (bytes.fromhex(p["archive"]["sha256"]), p["archive"]["bytes"]) for p in m["patchsets"]}
    for name, (hash_, size) in wanted.items():
        need(hash_ in recipes and recipes[hash_][2] == size, "incomplete", name)
    contents = {**site, **expand_packs(objects, packs, payload, site)}
    out = {}
    for name, (hash_, size) in wanted.items():
        source, kind, _ = recipes[hash_]
        out[name] = contents[source] if kind == 0 else make_archive(contents[source], contents)
        need(len(out[name]) == size and sha256(out[name]) == hash_, "damaged", name)
    return out


def read_bundle(volumes, domains, secret=None, readme_text=None, site=None):
    """All volumes' bytes in any order. The bundle's manifest and archives; of an encrypted one only with the site's X25519 secret.
    `site`: the contents that the site has, by hash."""
    read = {}
    for data in volumes:
        volume = read_volume(data, domains)
        first = next(iter(read.values()), volume)
        need(volume["hash"] == first["hash"], "foreign-volume", "of another bundle")
        need(volume["number"] not in read, "repeated-volume", "twice the same")
        read[volume["number"]] = volume
    need(read, "not-a-bundle", "no volume")
    s = next(iter(read.values()))["statement"]
    need(sorted(read) == list(range(1, s["volumes"] + 1)), "missing-volume", "not all are here")
    out = {"statement": s, "hash": read[1]["hash"], "root": read[1]["root"], "manifest": None}
    manifest, tables = read[1]["manifest"], read[1]["tables"]
    payload = [read[number]["payload"] for number in sorted(read)]
    if s["encrypted"] and secret:
        key = open_sealed(s["sealed"], secret)
        manifest = decrypt_chunk(key, MANIFEST, 0, 0, manifest)
        tables = decrypt_blocks(key, TABLES, 0, tables, s["log2"])
        payload = [decrypt_blocks(key, PAYLOAD, number, data, s["log2"]) for number, data in enumerate(payload, 1)]
    if secret or not s["encrypted"]:
        joined = b"".join(payload)
        m = out["manifest"] = decode_manifest(manifest, s, len(tables))
        out["archives"] = make_archives(m, tables, joined, s["expanded"], site or {})
    if readme_text is not None:
        need(readme_text == readme(s, out["manifest"] and out["manifest"]["site"]), "altered-readme", "README.txt")
    return out


def read_folder(folder):
    volumes, text = [], None
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            if name == "README.txt":
                text = file.read().decode()
            elif name.lower().endswith(".pfv") and not name.startswith("."):
                volumes.append(file.read())
    return volumes, text


def read_contents(folder):
    """What a site has, by hash."""
    out = {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as file:
            data = file.read()
        out[sha256(data)] = data
    return out


# --- Key files, receipts, tokens -------------------------------------------------------------------------------------------------

def line_of(text, pattern):
    found = re.fullmatch(pattern + "\n", text)
    need(found, "malformed", "another kind of file")
    return [bytes.fromhex(group) for group in found.groups()]


def public_key(text):
    key, = line_of(text, f"patchferry-public-key-1 ed25519 ({HEX})")
    need(bindings.crypto_core_ed25519_is_valid_point(key), "malformed", "no valid point")
    return key


def site_public(text):
    return line_of(text, f"patchferry-site-key-1 ed25519 ({HEX}) x25519 ({HEX})")


def site_secret(text):
    return line_of(text, f"patchferry-site-secret-1 ed25519 ({HEX}) x25519 ({HEX})")


RECEIPT_SHAPE = {
    "cleaned": [NAME], "domains": [{"domain": HEX, "epoch": int, "version": int}], "encryption": HEX, "free_bytes": int, "issued": int,
    "patchsets": [{"name": NAME, "sha256": HEX}], "site": NAME,
    "streams": [{"epoch": int, "sequence": int, "statement": HEX, "stream": HEX32}], "withdrawn": [NAME]}


def read_receipt(text):
    bad = lambda holds, why: need(holds, "bad-receipt", why)
    found = re.fullmatch(f"patchferry-receipt-1\n([^\n]*)\n({HEX}) ([0-9a-f]{{128}})\n", text)
    bad(found and len(text) <= 32 << 20, "not a receipt")
    body, key, signature = found[1].encode(), bytes.fromhex(found[2]), bytes.fromhex(found[3])
    bad(verifies(key, "receipt", body, signature), "a signature that does not fit")
    r = parse_json(body, "bad-receipt")
    check_shape(r, RECEIPT_SHAPE, "bad-receipt", "the receipt")
    bad(is_site(r["site"]), "site")
    bad(ascending(d["domain"] for d in r["domains"]) and ascending(x["stream"] for x in r["streams"]), "order")
    bad(all(d["version"] >= 1 and d["epoch"] >= 1 for d in r["domains"]), "root documents")
    bad(all(x["sequence"] < 2**52 and (x["epoch"] == 0) == (x["sequence"] == 0) for x in r["streams"]), "sequence")
    for names in ([p["name"] for p in r["patchsets"]], r["cleaned"], r["withdrawn"]):
        bad(ascending(names) and all(map(patchset, names)), "names")
    try:
        bindings.crypto_scalarmult(bytes([1]) + bytes(31), bytes.fromhex(r["encryption"]))
    except (CryptoError, RuntimeError):
        raise Refused("bad-receipt", "nothing can be encrypted to its key")
    return r, key


def base32(text):
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    bits = count = 0
    out = bytearray()
    for letter in text.replace("-", ""):
        need(letter in letters, "malformed", "not base32")
        bits, count = bits << 5 | letters.index(letter), count + 5
        if count >= 8:
            count -= 8
            out.append(bits >> count)
            bits &= (1 << count) - 1
    need(count < 5 and bits == 0, "malformed", "bits left over")
    return bytes(out)


def read_token(text, site, domain, root, stream, last):
    """`root`: the document in force; `last`: hash of the statement imported last. The notice that was signed."""
    need(len(text) <= 8192, "malformed", "too long")
    tight = re.sub("[ \t\r\n]", "", text).upper()
    for kind, name in ((2, "head"), (3, "permit")):
        if tight.startswith(f"PATCHFERRY-{name.upper()}-1"):
            break
    else:
        raise Refused("malformed", "not a token")
    data = base32(tight[len(f"PATCHFERRY-{name.upper()}-1"):])
    need(len(data) > 4 and sha256(data[:-4])[:4] == data[-4:], "malformed", "a slip of the pen")
    r = Reader(data[:-4], "the token")
    need(r.u8() == kind, "malformed", "contradicts itself")
    count = r.u8()
    need(1 <= count <= 16, "malformed", "an impossible number of signatures")
    its_domain, its_audience, its_stream = r.raw(8), r.raw(4), r.raw(8)
    epoch, version, sequence = r.u32(), r.u32(), r.u64()
    statement, created, expires, extra = r.raw(32), r.u64(), r.u64(), r.raw(5)
    signatures = [(r.u8(), r.raw(64)) for _ in range(count)]
    r.end()
    need(ascending(index for index, _ in signatures), "malformed", "signatures out of order")
    need(epoch >= 1 and version >= 1 and 1 <= sequence <= 2**53, "malformed", "impossible numbers")
    need(domain.startswith(its_domain), "untrusted", "another trust domain")
    need(version >= root["version"], "old-root", "an older root document")
    need(version <= root["version"], "bad-root", "a newer root document")
    audience = sha256(site.encode())
    need(audience.startswith(its_audience), "wrong-site", "another site")
    need(stream.startswith(its_stream), "unknown-stream", "another stream")
    need(kind == 2 or last.startswith(extra), "bad-permit", "another state of the site")
    notice = (b"PFSTATEM" + struct.pack("<HHI", 1, kind, 0) + domain + audience + stream + struct.pack("<IIQ", epoch, version, sequence)
              + statement + (last if kind == 3 else bytes(32)) + bytes(32) + struct.pack("<QQ", created, expires)
              + (extra if kind == 2 else bytes(5))).ljust(512, b"\0")
    keys = root["keys"]
    envelope = [(key_id(keys[i]) if i < len(keys) else bytes(32), signature) for i, signature in signatures]
    check_signatures(root, "head" if kind == 2 else "release", name, notice, envelope)
    return {"kind": name, "sequence": sequence, "statement": statement, "created": created, "expires": expires,
            "challenge": extra if kind == 2 else None}


def read_archive_signature(data, file, content, domain, root):
    """Of the archive `content`, whose name is `file`; `root`: the document in force in `domain`. What was signed."""
    r = Reader(data[:512], "the archive's signature")
    need(len(data) >= 512 and r.raw(8) == b"PFARCHIV", "malformed", "not an archive's signature")
    need(r.u16() == 1, "unknown-format", "another version")
    r.zeros(2)
    need(r.u32() == 0, "unknown-format", "unknown critical flags")
    its_domain, version = r.raw(32), r.u32()
    r.zeros(4)
    digest, size, created, name = r.raw(32), r.u64(), r.u64(), r.raw(64).rstrip(b"\0")
    r.zeros(344)
    r.end()
    need(version >= 1 and size >= 1 and created <= 7258118400, "malformed", "impossible numbers")
    need(size <= 2**50, "too-large", "an impossibly large archive")
    name = name.decode("latin-1")
    need(archive(name), "malformed", "a name that no archive has")
    envelope = decode_envelope(data[512:])
    need(its_domain == domain, "untrusted", "another trust domain")
    threshold, keys = root["release"]
    holders = {key_id(key): key for key in keys}
    known = [(signer, signature) for signer, signature in envelope if signer in holders]
    for signer, signature in known:
        need(verifies(holders[signer], "archive", data[:512], signature), "bad-signature", "a signature that does not fit")
    need(len(known) >= threshold, "threshold" if known == envelope else "unknown-key", "too few signatures by keys of the role")
    need(root["lowest_format"] <= 1, "old-format", "a format that is accepted no more")
    need(name == file, "conflict", "the signature of another archive")
    need(len(content) >= size, "cut", "a shorter archive")
    need(len(content) <= size, "extended", "a longer archive")
    need(sha256(content) == digest, "damaged", "other bytes")
    return {"file": name, "created": created, "root_version": version}


def domains_of(argument):
    """A hash in hexadecimal, a .pub file, or a file with root documents."""
    if re.fullmatch(HEX, argument):
        return {bytes.fromhex(argument)}
    with open(argument, "rb") as file:
        data = file.read()
    if data.startswith(b"patchferry-public-key-1"):
        return {sha256(single_key_root(public_key(data.decode())))}
    return {sha256(decode_chain(data)[0][1])}


# --- The golden vectors ----------------------------------------------------------------------------------------------------------

def refusal_of(what, *arguments):
    try:
        what(*arguments)
    except Refused as refused:
        return refused.kind
    return None


def check(holds, what):
    if not holds:
        sys.exit(f"read_bundle.py: {what}")


def check_worked_example(spec, volume):
    """The table of offsets in SPEC.md, against the vector itself."""
    section = spec[spec.index("### A worked example"):spec.index("## Verifying")]
    rows = [(int(at), int(size), part) for at, size, part in re.findall(r"^\| (\d+) \| (\d+) \| ([a-z ]+) \|", section, re.M)]
    lengths = struct.unpack("<4I", volume[16:32])
    s = decode_statement(volume[32 + lengths[0]:][:512])
    m = read_bundle([volume], {s["trust_domain"]})["manifest"]
    sizes = [("preamble", 32), ("envelope", lengths[0]), ("statement", 512), ("root chain", lengths[1]), ("volume table", lengths[2]),
             ("leaves", lengths[3]), ("manifest", s["manifest"]), ("objects", m["tables"]["objects"]),
             ("recipes", m["tables"]["recipes"]), ("packs", m["tables"]["packs"]), ("bases", m["tables"]["bases"]),
             ("payload", s["payload"])]
    measured, at = [], 0
    for part, size in sizes:
        measured.append((at, size, part))
        at += size
    check(at == len(volume) and rows == measured, f"the worked example in SPEC.md is out of date; measured: {measured}")
    check(sha256(volume[140:652]).hex() in section, "SPEC.md gives another hash of the statement")


def state_of(patchsets):
    return sha256(b"".join(name.encode() + b"\n" + hash for name, hash in sorted(patchsets)))


def check_taken_apart(folder, ours):
    """Archives by recipe. All altered tables, recipes and packings are refused, or make other archives."""
    (volume,), text = read_folder(os.path.join(folder, "taken-apart"))
    site = read_contents(os.path.join(folder, "taken-apart-site"))
    check([name.hex() for name in site] == os.listdir(os.path.join(folder, "taken-apart-site")), "taken-apart-site: other names")
    read = read_bundle([volume], ours, None, text, site)
    check(len(read["archives"]) == 6, "taken-apart: other archives")
    check(refusal_of(read_bundle, [volume], ours) == "incomplete", "taken-apart was read without what the site has")
    base, = site.values()
    check(refusal_of(read_bundle, [volume], ours, None, None, {sha256(base): base[:-1]}) == "incomplete", "a cut base was taken")
    check(refusal_of(read_bundle, [volume], ours, None, None, {sha256(base): base[:-1] + b"!"}), "another base was taken")

    raw, m, ceiling = read_volume(volume, ours), read["manifest"], read["statement"]["expanded"]
    objects, recipes, packs = decode_tables(raw["tables"], m, len(raw["payload"]), ceiling)
    contents = {**site, **expand_packs(objects, packs, raw["payload"], site)}
    check(sorted({codec for codec, *_ in packs}) == [0, 1] and sorted({kind for _, kind, _ in recipes.values()}) == [0, 1], "kinds")

    for at in range(len(raw["tables"])):
        altered = bytearray(raw["tables"])
        altered[at] ^= 1 << at % 8
        check(refusal_of(make_archives, m, bytes(altered), raw["payload"], ceiling, site), f"tables whose byte {at} was altered were taken")
    for field in ("bases", "objects", "packs", "recipes"):
        for change in (1, 16, 48, 64, 80):
            tables = {**m["tables"], field: m["tables"][field] + change}
            kind = refusal_of(decode_tables, raw["tables"], {**m, "tables": tables}, len(raw["payload"]), ceiling)
            check(kind in ("malformed", "unknown-format"), f"tables were taken that lack bytes of {field}")
    for memory in (m["memory"] - 1, m["memory"] + 1):
        kind = refusal_of(decode_tables, raw["tables"], {**m, "memory": memory}, len(raw["payload"]), ceiling)
        check(kind == "malformed", "tables were taken that ask for other memory than the manifest says")
    check(refusal_of(decode_tables, raw["tables"], m, len(raw["payload"]), sum(p[3] for p in packs) - 1) == "too-large", "no ceiling")
    for place, (codec, begin, stored, size, bases) in enumerate(packs):
        if codec == 1:
            prefix = b"".join(contents[name] for name, _ in bases)
            frame = raw["payload"][begin:begin + stored]
            check(expand_frame(frame, size, prefix), f"pack {place}")
            for kind, given in (("cut", frame[:-1]), ("longer", frame + b"x"), ("twice", frame + frame), ("nothing", b"")):
                check(refusal_of(expand_frame, given, size, prefix) == "malformed", f"pack {place}: {kind}")
            check(refusal_of(expand_frame, frame, size + 1, prefix) == "malformed", f"pack {place}: another size")

    unlike = 0
    for archive_hash, (source, kind, _) in recipes.items():
        recipe = contents[source]
        if kind == 0:
            continue
        parts, packing = decode_recipe(recipe)
        for at in range(len(recipe) - len(packing)):
            altered = bytearray(recipe)
            altered[at] ^= 1 << at % 8
            try:
                again, same_packing = decode_recipe(bytes(altered))
            except Refused:
                continue
            check(again != parts and same_packing == packing, f"a recipe whose byte {at} was altered reads like it")
        stream = b"".join(contents[what] if is_content else what for what, _, is_content in parts)
        check(sha256(pack_bzip2(packing, stream)) == archive_hash, "a packing makes another archive")
        for at in range(0, len(packing), max(1, len(packing) // 60)):
            altered = bytearray(packing)
            altered[at] ^= 1 << at % 8
            try:
                unlike += sha256(pack_bzip2(bytes(altered), stream)) == archive_hash
            except Refused:
                pass
    check(unlike <= 1, "altered packings make the same archives")  # a block without long runs is the same as kind 2 and 3


def check_packings():
    """The rules of packings, one by one."""
    for text, plain, fits in (
            ("190001", b"", True), ("190001400178", b"", True), ("390000", b"", True), ("3901010300", b"abc", True), ("", b"", False),
            ("19", b"", False), ("190000", b"", False), ("19800001", b"", False), ("190001190001", b"", False), ("100001", b"", False),
            ("1a0001", b"", False), ("290001", b"", False), ("290301", b"abc", False), ("590001", b"", False), ("400178", b"", False),
            ("1900014000", b"", False), ("190001400278", b"", False), ("190001400178190001", b"", False), ("1900818004", b"", False),
            ("390080", b"", False), ("3901010000", b"", False), ("3901050100", b"x", False), ("390104010800ff00", b"x", False),
            ("39010203280000000000" + "00", b"abc", False), ("3901010340", b"abc", False), ("190401", b"abc", False),
            ("19ffffffffffffffff7f01", b"", False), ("19ffffffff7fffffff7f", b"", False),
            ("390102038180100000" + "00" * 32768, b"abc", False)):
        kind = refusal_of(pack_bzip2, bytes.fromhex(text), plain)
        check(kind == (None if fits else "malformed"), f"the packing {text[:40]}: {kind}")
    # The longest choice: two tables of lengths that go up and down for long before they say 3 of each symbol.
    for wander, bits, fits in ((65526, 262143, True), (65527, 262147, False)):
        choice = "010" + format(1, "015b") + "0" + ("00011" + "00000") + ("00011" + "1011" * wander + "00000")
        check(len(choice) == bits, "a choice of another length")
        packing = bytes.fromhex("39010203") + bytes([bits & 127 | 128, bits >> 7 & 127 | 128, bits >> 14])
        packing += bytes_of_bits(choice + "0" * (-bits % 8)) + b"\0"
        try:
            check(bz2.decompress(pack_bzip2(packing, b"abc")) == b"abc" and fits, f"a choice of {bits} bits was taken")
        except Refused:
            check(not fits, f"a choice of {bits} bits was refused")


def check_bases(folder):
    """Tables that differ in their bases: the seeds of the fuzz target, which says how long each table is."""
    for name, expected in (("bases", None), ("late-base", "malformed"), ("large-bases", "too-large"), ("unsorted-bases", "malformed"),
                           ("stored-with-bases", "malformed")):
        with open(os.path.join(folder, name), "rb") as file:
            data = file.read()
        m = {"memory": 12100, "tables": {"objects": 128, "recipes": 160, "packs": 128, "bases": len(data) - 416}}
        kind = refusal_of(decode_tables, data, m, 9060, 1 << 20)
        check(kind == expected, f"tables/{name}: {kind}")


def check_vectors(folder):
    text = lambda name: open(os.path.join(folder, name), encoding="ascii").read()
    spec = open(os.path.join(folder, "../../bundle-format/SPEC.md"), encoding="utf-8").read()
    bundle = lambda name: read_folder(os.path.join(folder, name))
    ours = domains_of(os.path.join(folder, "key.pub"))
    secret, (signing, encryption) = site_secret(text("site.key")), site_public(text("site.pub"))
    check(bindings.crypto_sign_seed_keypair(secret[0])[0] == signing, "site.pub is not of site.key (Ed25519)")
    check(bindings.crypto_scalarmult_base(secret[1]) == encryption, "site.pub is not of site.key (X25519)")
    seed, = line_of(text("key.key"), f"patchferry-secret-key-1 ed25519 plain ({HEX})")
    check(bindings.crypto_sign_seed_keypair(seed)[0] == public_key(text("key.pub")), "key.pub is not of key.key")
    check(refusal_of(public_key, text("site.pub")) == "malformed", "a site's key was taken for one to enrol")

    # Bundles. The rotated one's trust domain is not in any file: SPEC.md names it.
    rotated = set(map(bytes.fromhex, re.findall(r"`rotated-root/`[^|]*\|[^|]*trust domain `([0-9a-f]{64})`", spec)))
    one, several, new = (read_bundle(v, domains, None, t) for domains, (v, t) in
                         ((ours, bundle("one-volume")), (ours, bundle("several-volumes")), (rotated, bundle("rotated-root"))))
    check(one["manifest"] == several["manifest"] and one["archives"] == several["archives"], "one-volume and several-volumes differ")
    check([p["name"] for p in one["manifest"]["patchsets"]] == ["K20260105_01", "U20260112_01"], "other patchsets")
    check(one["archives"]["U20260112_01"] == b"and the second one, " + b"x" * 9000, "another archive")
    s, m = new["statement"], new["manifest"]
    check((s["sequence"], s["root_version"], s["expires"], m["withdrawn"]) == (8, 2, 1799143200, ["K20250105_01"]), "rotated-root")
    check(s["previous"] == sha256(b"the statement of bundle 7") and m["needs"][0]["bundle"] == 7, "rotated-root: what it builds on")
    before = [(n["name"], bytes.fromhex(n["sha256"])) for n in m["needs"]]
    brought = [(p["name"], bytes.fromhex(p["archive"]["sha256"])) for p in m["patchsets"]]
    check(s["before"] == state_of(before) and s["after"] == state_of(before + brought), "rotated-root: its states")
    volumes, readme_text = bundle("encrypted")
    check(read_bundle(volumes, ours, None, readme_text)["manifest"] is None, "encrypted, and read without a key")
    sealed = read_bundle(volumes, ours, secret[1], readme_text)
    check(sealed["manifest"] == one["manifest"] and sealed["archives"] == one["archives"], "encrypted: other contents")
    check_worked_example(spec, bundle("one-volume")[0][0])
    check_taken_apart(folder, ours)
    check_packings()
    check_bases(os.path.join(folder, "../fuzz/seeds/tables"))

    # What must be refused.
    a, b = bundle("several-volumes")[0]
    for kind, given in {"missing-volume": [b], "repeated-volume": [a, a], "foreign-volume": [a] + bundle("one-volume")[0],
                        "extended": [a + b"x", b], "cut": [a, b[:-1]], "not-a-bundle": []}.items():
        check(refusal_of(read_bundle, given, ours) == kind, f"not refused as {kind}")
    check(refusal_of(read_bundle, [a, b], rotated) == "untrusted", "a bundle of a domain that is not enrolled was taken")
    check(refusal_of(read_bundle, volumes, ours, bytes([7]) * 32) == "wrong-key", "another site's key opened the encrypted bundle")
    check(refusal_of(read_bundle, [a, b], ours, None, readme_text) == "altered-readme", "a false README.txt was taken")
    for domains, (given, _) in ((rotated, bundle("rotated-root")), (ours, (volumes[:1], None))):
        for at in list(range(3300)) + list(range(3300, len(given[0]), 500)):
            if at < len(given[0]):
                altered = bytearray(given[0])
                altered[at] ^= 1 << at % 8
                kind = refusal_of(read_volume, bytes(altered), domains)
                check(kind, f"a volume whose byte {at} was altered was taken")

    # Tokens and the receipt.
    domain, = rotated
    last = sha256(b"the statement of bundle 9")
    asked = ("plant1", domain, new["root"], bytes([0x51]) * 16, last)
    head, permit = (read_token(text(name), *asked) for name in ("plant1.head", "plant1.permit"))
    check((head["kind"], head["sequence"], head["challenge"]) == ("head", 8, bytes([1, 2, 3, 4, 5])), "plant1.head")
    check((permit["kind"], permit["sequence"]) == ("permit", 8), "plant1.permit")
    check(head["statement"] == permit["statement"] == sha256(b"the statement of bundle 8"), "tokens: another statement")
    check(read_token(text("plant1.head").lower().replace(" ", "\n "), *asked) == head, "a head in small letters was refused")
    check(refusal_of(read_token, text("plant1.head"), "plant2", *asked[1:]) == "wrong-site", "a head of another site was taken")
    check(refusal_of(read_token, text("plant1.permit"), *asked[:4], sha256(b"")) == "bad-permit", "a permit for another state was taken")
    for name in ("plant1.head", "plant1.permit"):
        token = text(name)
        for at in range(token.index(" "), len(token) - 1):
            if token[at] != " ":
                altered = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1:]
                check(refusal_of(read_token, altered, *asked), f"{name} was taken although letter {at} was altered")
    name, one_archive = "K20260105_01.tar.bz2", one["archives"]["K20260105_01"]
    with open(os.path.join(folder, name + ".sig"), "rb") as file:
        signature = file.read()
    vouched = read_archive_signature(signature, name, one_archive, domain, new["root"])
    check((vouched["file"], vouched["root_version"], vouched["created"]) == (name, 2, 1767607200), "the archive's signature")
    for at in range(len(signature)):
        altered = bytearray(signature)
        altered[at] ^= 1 << at % 8
        check(refusal_of(read_archive_signature, bytes(altered), name, one_archive, domain, new["root"]),
              f"an archive's signature whose byte {at} was altered was taken")
    for kind, given in {"conflict": ("K20260114_02.tar.bz2", one_archive), "cut": (name, one_archive[:-1]),
                        "extended": (name, one_archive + b"x"), "damaged": (name, one_archive[:-1] + b"x")}.items():
        check(refusal_of(read_archive_signature, signature, *given, domain, new["root"]) == kind, f"an archive was not {kind}")
    receipt, key = read_receipt(text("plant1.receipt"))
    check(key == signing and receipt["encryption"] == encryption.hex(), "the receipt is not of site.key")
    check(receipt["streams"][0]["sequence"] == 7 and receipt["withdrawn"] == ["K20250105_01"], "the receipt says something else")
    whole = text("plant1.receipt")
    for at in range(len(whole)):
        altered = whole[:at] + chr(ord(whole[at]) ^ 1) + whole[at + 1:]
        check(refusal_of(read_receipt, altered) == "bad-receipt", f"a receipt whose byte {at} was altered was taken")


def main(words):
    if len(words) == 2 and words[0] == "vectors":
        check_vectors(words[1])
        print("all vectors read, and all altered ones refused")
        return 0
    try:
        if len(words) == 2 and words[0] == "receipt":
            with open(words[1], encoding="ascii") as file:
                print(json.dumps(read_receipt(file.read())[0], indent=2))
            return 0
        options = dict(zip(words[2::2], words[3::2]))
        if (words[:1] == ["bundle"] and len(words) == 2 + 2 * len(options) and "--trust" in options
                and options.keys() <= {"--trust", "--site-key", "--contents"}):
            secret = None
            if "--site-key" in options:
                with open(options["--site-key"], encoding="ascii") as file:
                    secret = site_secret(file.read())[1]
            volumes, text = read_folder(words[1])
            site = read_contents(options["--contents"]) if "--contents" in options else None
            read = read_bundle(volumes, domains_of(options["--trust"]), secret, text, site)
            print(f"good: bundle {read['statement']['sequence']}, statement {read['hash'].hex()}")
            if read["manifest"]:
                print(json.dumps(read["manifest"], indent=2))
            return 0
    except Refused as refused:
        print(f"refused: {refused}")
        return 1
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
