"""Every public object documents itself in numpydoc's form, and documents the truth."""

import dataclasses
import importlib
import inspect
import pkgutil
from functools import cached_property

import pytest
from numpydoc.docscrape import NumpyDocString, get_doc_object
from numpydoc.validate import validate

import skw2v

# What is said of each code here is numpydoc's own summary of it, shortened.
FORM = {
    "GL03",  # double blank lines
    "GL05",  # tabs
    "GL06",  # unknown section
    "GL07",  # sections in the wrong order
    "GL08",  # no docstring
    "GL09",  # deprecation after the extended summary
    "GL10",  # directive without two colons
    "SS01",  # no summary
    "SS02",  # summary without a capital letter
    "SS03",  # summary without a period
    "SS04",  # summary with leading spaces
    "SS05",  # summary in the third person
    "SS06",  # summary of more than one line
}
CONTENT = {
    "PR01",  # parameter not documented
    "PR02",  # unknown parameter documented
    "PR03",  # parameters in the wrong order
    "PR04",  # parameter without a type
    "PR05",  # parameter type with a period
    "PR06",  # wrong name of a type, `string` for instance
    "PR07",  # parameter without a description
    "PR08",  # parameter description without a capital letter
    "PR09",  # parameter description without a period
    "PR10",  # parameter without a space before its colon
    "RT01",  # no Returns section
    "RT03",  # returned value without a description
    "RT04",  # its description without a capital letter
    "RT05",  # its description without a period
    "YD01",  # no Yields section
    "SA02",  # See Also description without a period
    "SA03",  # See Also description without a capital letter
    "SA04",  # See Also entry without a description
}
EXAMPLES = {"EX01"}  # no Examples section

# Methods that mean nothing without the rest of the example of their class.
SHOWN_BY_THEIR_CLASS = {
    "skw2v.corpus.files.IdFile.as_array",
    "skw2v.corpus.files.IdFile.fromlist",
    "skw2v.corpus.partitions.PartitionedCorpus.sum_over_partitions",
}

# The engine room: its functions are called by each other alone. They may be short in what they
# document, but what they document must be true.
INTERNAL_PREFIX = "skw2v.training."


def is_public(dotted_name):
    """Tell whether no part of a dotted name has a leading underscore."""
    return not any(part.startswith("_") for part in dotted_name.split("."))


def unwrap(member):
    """Return the function behind a property, a class method or a compiled function."""
    for attribute in ("__func__", "fget", "func", "py_func"):
        member = getattr(member, attribute, None) or member
    return member


def is_defined_in(member, module_name):
    """Tell whether a class or function, not a constant, was written in the module."""
    function = unwrap(member)
    is_code = inspect.isclass(function) or inspect.isfunction(function)
    return is_code and function.__module__ == module_name


def public_modules():
    """Yield the public modules of the package."""
    yield skw2v
    for info in pkgutil.walk_packages(skw2v.__path__, prefix="skw2v."):
        if is_public(info.name):
            yield importlib.import_module(info.name)


def public_objects():
    """Map the dotted name of each public function, class, method and property to the object."""
    objects = {}
    for module in public_modules():
        for name, member in vars(module).items():
            if is_public(name) and is_defined_in(member, module.__name__):
                objects[f"{module.__name__}.{name}"] = member
                if inspect.isclass(member):
                    objects.update(public_members(member, f"{module.__name__}.{name}"))
    return objects


def public_members(cls, prefix):
    """Map the dotted names of the public methods and properties written in a class."""
    return {
        f"{prefix}.{name}": member
        for name, member in vars(cls).items()
        if is_public(name) and is_defined_in(member, cls.__module__)
    }


def is_internal(obj):
    """Tell whether an object belongs to the engine room."""
    return unwrap(obj).__module__.startswith(INTERNAL_PREFIX)


def is_record(obj):
    """Tell whether a class is a named tuple or a dataclass: its parameters are its attributes."""
    return inspect.isclass(obj) and (hasattr(obj, "_fields") or dataclasses.is_dataclass(obj))


def documented_names(obj, section):
    """Return the names that a docstring's section lists."""
    entries = NumpyDocString(inspect.getdoc(obj) or "")[section]
    return [name for entry in entries for name in entry.name.split(", ")]


def is_exception(obj):
    """Tell whether a class is an exception: nobody makes one by hand."""
    return inspect.isclass(obj) and issubclass(obj, BaseException)


def takes_an_example(obj):
    """Tell whether an object's own docstring must show its use: a function, method or class."""
    if is_internal(obj) or is_record(obj) or is_exception(obj):
        return False
    if isinstance(obj, (property, cached_property)):
        return False  # the example of the class shows what it holds
    function = unwrap(obj)
    is_method = "." in function.__qualname__
    if is_method and function.__module__ == "skw2v.dask":
        return False  # each would start a cluster; that of the class uses the methods
    return f"{function.__module__}.{function.__qualname__}" not in SHOWN_BY_THEIR_CLASS


def codes_to_check(obj):
    """Choose the codes that an object must satisfy."""
    function = unwrap(obj)
    if is_internal(obj) and not documented_names(function, "Parameters"):
        return FORM
    codes = FORM | CONTENT
    if is_record(obj):
        codes = codes - {"PR01"}  # see test_records_document_their_fields
    return codes | EXAMPLES if takes_an_example(obj) else codes


OBJECTS = public_objects()
RECORDS = {name: obj for name, obj in OBJECTS.items() if is_record(obj)}


def test_public_objects_are_found():
    assert len(OBJECTS) > 0
    assert "skw2v.datasets.load_docstrings" in OBJECTS


def test_what_is_shown_by_the_example_of_a_class_is_used_there():
    for name in SHOWN_BY_THEIR_CLASS:
        owner, _, method = name.rpartition(".")
        assert f"{method}(" in inspect.getdoc(OBJECTS[owner]).partition(">>>")[2], name


def test_all_top_level_names_exist_and_are_documented():
    assert len(skw2v.__all__) > 0
    for name in skw2v.__all__:
        assert inspect.getdoc(getattr(skw2v, name)), name


def test_modules_are_documented():
    assert [module.__name__ for module in public_modules() if not module.__doc__] == []


@pytest.mark.parametrize("name", OBJECTS)
def test_docstring_is_valid_and_agrees_with_the_signature(name):
    obj = OBJECTS[name]
    is_property = isinstance(obj, (property, cached_property))
    documented = property(unwrap(obj)) if is_property else unwrap(obj)
    errors = validate(get_doc_object(documented))["errors"]
    assert [error for error in errors if error[0] in codes_to_check(obj)] == []


@pytest.mark.parametrize("name", RECORDS)
def test_records_document_their_fields(name):
    record = RECORDS[name]
    fields = list(inspect.signature(record).parameters)
    documented = documented_names(record, "Parameters") or documented_names(record, "Attributes")
    assert [name for name in documented if name not in {*fields, *dir(record)}] == []
    assert is_internal(record) or documented[: len(fields)] == fields
