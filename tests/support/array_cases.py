"""Values of NumPy of every kind, and whether one arrived as it was.  Runs under every NumPy from 1.17 on."""

#: Names of the cases whose pickle is NumPy's own.
NAMES_NUMPY = {"masked"}


def cases(np):
    """Values by name."""
    big = np.arange(40000.0).reshape(100, 400)
    cube = np.arange(24.0).reshape(2, 3, 4)
    fields = [("a", "<i4"), ("b", ">f8", (2, 3)), ("s", "S5"), ("t", "M8[ns]")]
    record = np.dtype(fields, align=True)
    frozen = np.arange(5)
    frozen.flags.writeable = False
    objects = np.array([1, "x", None, [1, 2], (3,), np.float32(2)], dtype=object)
    lists = np.empty(2, object)
    lists[0], lists[1] = [1, 2], [3, 4]
    spread = {"names": ["a", "b"], "formats": ["i4", "i2"], "offsets": [8, 2], "itemsize": 16}
    found = {
        "array": cube,
        "large": big,
        "large Fortran": np.asfortranarray(big),
        "transposed": cube.T,
        "permuted": cube.transpose(1, 0, 2),
        "backward": cube[::-1],
        "strided": big[::2, ::3],
        "repeated": np.broadcast_to(np.arange(3), (4, 3)),
        "0-d": np.array(3.5),
        "empty": np.empty((0, 3), "i2"),
        "empty Fortran": np.empty((3, 0, 2), "f4", order="F"),
        "read-only": frozen,
        "bool": np.array([True, False]),
        "dates": np.array(["2020-01-01", "NaT"], "M8[ns]"),
        "durations": np.array([1, 2], "m8[25s]"),
        "big-endian": np.arange(3, dtype=">i4"),
        "text": np.array(["a", "bcd"]),
        "octets": np.array([b"x", b"yz\0"]),
        "half": np.arange(3, dtype="f2"),
        "long double": np.arange(3, dtype="g"),
        "complex": np.arange(3) + 1j,
        "structured": np.zeros(3, record),
        "objects": objects,
        "objects that are lists": lists,
        "objects in a matrix": objects.reshape(2, 3),
        "void": np.zeros(2, "V5"),
        "text of no length": np.zeros(2, "U0"),
        "record array": np.array([(1, 2.0)], dtype=[("x", "i4"), ("y", "f8")]).view(np.recarray),
        "masked": np.ma.array([1, 2], mask=[0, 1]),
        "dtype": np.dtype("f8"),
        "dtype of records": record,
        "dtype with objects": np.dtype([("o", "O"), ("x", "i4")]),
        "dtype with gaps": np.dtype(spread),
        "dtype with titles": np.dtype([(("title", "name"), "i4")]),
        "dtype of attributes": np.dtype((np.record, [("x", "i4")])),
        "dtype of arrays": np.dtype(("f4", (2, 3))),
    }
    scalars = [
        np.float64(1.5),
        np.float32(1.5),
        np.float16(2),
        np.longdouble(2.5),
        np.int64(3),
        np.uint8(3),
        np.bool_(True),
        np.complex64(1j),
        np.datetime64("2020-01-01T00:00", "ns"),
        np.timedelta64(3, "D"),
        np.str_("h\u00e9"),
        np.str_(""),
        np.bytes_(b"ab"),
        np.zeros(1, record)[0],
    ]
    found.update({f"scalar {place} {type(each).__name__}": each for place, each in enumerate(scalars)})
    return found


def difference(np, sent, arrived):
    """Say what is not as it was, or return None."""
    if type(sent) is not type(arrived):
        return f"a {type(arrived).__name__} arrived"
    if isinstance(sent, np.dtype):
        same = sent == arrived and sent.isalignedstruct == arrived.isalignedstruct
        return None if same and sent.itemsize == arrived.itemsize and sent.type is arrived.type else repr(arrived)
    if not isinstance(sent, np.ndarray):
        return None if sent == arrived or repr(sent) == repr(arrived) else repr(arrived)
    return _difference_of_arrays(np, sent, arrived)


def _difference_of_arrays(np, sent, arrived):
    if sent.dtype != arrived.dtype or sent.shape != arrived.shape:
        return f"{arrived.dtype} of {arrived.shape} arrived"
    if not arrived.flags.writeable:
        return "it cannot be written to"
    if sent.dtype == object or isinstance(sent, np.ma.MaskedArray):
        return None if repr(sent) == repr(arrived) else repr(arrived)
    return None if sent.tobytes() == arrived.tobytes() else "other octets arrived"
