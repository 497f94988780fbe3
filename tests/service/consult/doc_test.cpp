#include "services/consult/consult_table.hpp"
#include "storage/file.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace qiao::consult {
namespace {

constexpr const char* kPage = "docs/services/consult.md";

/// The part of `page` between the marks of `name`, replaced by `text`.
std::string with_generated(const std::string& page, const std::string& name, const std::string& text) {
    const std::string start = "<!-- generated: " + name + " -->\n";
    const std::string end = "<!-- end -->";
    const std::size_t from = page.find(start);
    const std::size_t to = page.find(end, from);
    if (from == std::string::npos || to == std::string::npos) {
        return page + "\nno place for " + name;
    }
    return page.substr(0, from + start.size()) + text + page.substr(to);
}

/// Run with QIAO_UPDATE_DOCS=1 to write the page anew.
TEST(ConsultPage, ShowsTheTableThatRuns) {
    const std::string page = storage::read_file(kPage);
    std::string wanted = page;
    for (const flow::Table* table : {&kConsultTable, &kPartTable}) {
        const std::string name(table->name());
        wanted = with_generated(wanted, name + " diagram", "```mermaid\n" + flow::diagram(*table) + "```\n");
        wanted = with_generated(wanted, name + " table", flow::markdown(*table));
    }
    if (std::getenv("QIAO_UPDATE_DOCS") != nullptr) {
        storage::write_file_durably(kPage, wanted, 0644);
    }
    EXPECT_EQ(storage::read_file(kPage), wanted);
}

}  // namespace
}  // namespace qiao::consult
