#include "record/search/sql.hpp"

#include <fmt/format.h>

namespace qiao::record {

Sql& Sql::in(const std::vector<std::int64_t>& values) {
    constexpr std::size_t kOneByOne = 4;
    if (values.empty()) return add(" IN (SELECT 0 WHERE 1=0)");
    if (values.size() == 1) {
        add(" = ");
        return bind(values.front());
    }
    if (values.size() > kOneByOne) {
        add(" IN (SELECT CAST(value AS INTEGER) FROM json_each(");
        bind(fmt::format("[{}]", fmt::join(values, ",")));
        return add("))");
    }
    add(" IN (");
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (i > 0) add(",");
        bind(values[i]);
    }
    return add(")");
}

Sql& Sql::visible(const ReadFilter& filter, std::string_view alias, Instant now) {
    filters_.emplace_back(filter, std::string(alias) + ".acl", std::string(alias) + ".rid", now);
    add(filters_.back().condition());
    filters_.back().append_to(args_);
    return *this;
}

std::string indexed_by(std::string_view index) { return fmt::format(" INDEXED BY {} ", index); }

}  // namespace qiao::record
