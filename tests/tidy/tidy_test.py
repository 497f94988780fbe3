"""The house rules find what they are made to find: each case is a tree with one breach."""
import importlib.machinery
import importlib.util
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
loader = importlib.machinery.SourceFileLoader("tidy", str(ROOT / "tools/tidy/tidy"))
spec = importlib.util.spec_from_loader("tidy", loader)
tidy = importlib.util.module_from_spec(spec)
loader.exec_module(tidy)

HEADER = "#pragma once\n\n/// A thing. Any thread.\n"


def breaches(files):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "init", "-q", folder], check=True)
        for name, text in files.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return [line.split(": ")[1] for line in tidy.Tidy(folder).run()]


class TidyTest(unittest.TestCase):
    def check(self, expected, files):
        self.assertEqual(breaches(files), expected)

    def test_a_clean_tree_passes(self):
        self.check([], {"src/base/a.hpp": HEADER, "src/http/b.cpp": '#include "base/a.hpp"\n#include <boost/asio.hpp>\n'})

    def test_an_upward_include(self):
        self.check(["layer"], {"src/record/a.cpp": '#include "access/b.hpp"\n'})

    def test_neighbours_of_a_row_are_strangers(self):
        self.check(["layer"], {"src/services/consult/a.cpp": '#include "services/reading/b.hpp"\n'})
        self.check([], {"src/services/consult/a.cpp": '#include "services/consult/b.hpp"\n'})

    def test_boost_outside_http(self):
        self.check(["boost"], {"src/flow/a.cpp": "#include <boost/asio.hpp>\n"})

    def test_sql_outside_stores(self):
        self.check(["sql"], {"src/flow/a.cpp": 'auto x = q("SELECT a FROM b");\n'})
        self.check([], {"src/flow/clock_store.cpp": 'auto x = q("SELECT a FROM b");\n'})

    def test_sql_joined_from_values(self):
        self.check(["sql-text"], {"src/record/a.cpp": 'auto x = q("SELECT a FROM b WHERE c = " + name);\n'})

    def test_catch_outside_boundaries(self):
        self.check(["catch"], {"src/flow/a.cpp": "void f() {\n    try {\n    } catch (...) {\n    }\n}\n"})

    def test_sizes(self):
        self.check(["file-size"], {"src/base/a.cpp": "int a;\n" * 501})
        self.check(["function-size"], {"src/base/a.cpp": "void f() {\n" + "    g();\n" * 70 + "}\n"})
        self.check([], {"src/base/a.cpp": "void f() {\n" + "    g();\n" * 68 + "}\n"})

    def test_todo_needs_its_issue(self):
        self.check(["todo"], {"src/base/a.cpp": "// TODO later\n"})
        self.check([], {"src/base/a.cpp": "// TODO(#3) later\n"})

    def test_headers_open_with_a_paragraph(self):
        self.check(["header"], {"src/base/a.hpp": "#pragma once\nint a();\n"})

    def test_cornerstone_stays_in_its_chunk(self):
        self.check(["viewer-chunk"], {"web/app/a.ts": "import { x } from '@cornerstonejs/core'\n"})


if __name__ == "__main__":
    unittest.main()
