#pragma once

#include <cstdint>
#include <string_view>

/// The functions that an expression may call. Constant; any thread.
namespace qiao::record::path {

struct Call;
struct Collection;

struct Function {
    std::string_view name;
    std::uint8_t least, most;  ///< arguments
    bool takes_type;           ///< its argument is the name of a type
    Collection (*run)(Call& call);
};

/// nullptr when there is none of this name.
const Function* find_function(std::string_view name);

}  // namespace qiao::record::path
