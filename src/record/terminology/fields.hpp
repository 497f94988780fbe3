#pragma once

#include <simdjson.h>

#include <string_view>

/// Reads definitions, which may lack any element. Plain functions; any thread.
namespace qiao::record::terminology {

/// Empty when `object` has no such text.
inline std::string_view text_of(simdjson::dom::element object, std::string_view name) {
    std::string_view value;
    if (object[name].get(value) != simdjson::SUCCESS) return {};
    return value;
}

/// Calls `each` for the items of a list, if there is one.
template <class Each>
void for_items(simdjson::dom::element object, std::string_view name, Each each) {
    simdjson::dom::array list;
    if (object[name].get(list) != simdjson::SUCCESS) return;
    for (const simdjson::dom::element one : list) each(one);
}

}  // namespace qiao::record::terminology
