#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Transfer syntaxes (PS3.5 chapter 10) and what the archive does with each. Constant data. Any thread.
namespace qiao::imaging {

struct TransferSyntax {
    std::string_view uid;
    std::string_view name;
    bool implicit = false;
    bool encapsulated = false;
    bool stored = true;                                        ///< false: refused until it can be normalised (big endian, deflated)
    bool native = false;                                       ///< pixels that this server decodes itself
    std::string_view media_type = "application/octet-stream";  ///< of one frame as stored
};

inline constexpr std::string_view kImplicitLittle = "1.2.840.10008.1.2";
inline constexpr std::string_view kExplicitLittle = "1.2.840.10008.1.2.1";

/// The table's row; for a UID that is not in it, an encapsulated row without a name when it is a UID at all (new syntaxes
/// are all encapsulated), or a row that is not stored.
TransferSyntax transfer_syntax(std::string_view uid);
/// 1-64 characters of digits and single dots.
bool is_uid(std::string_view text);
/// Storage SOP classes: the standard's and any private class offered in their place; not queries, worklists or printing.
bool is_storage_class(std::string_view sop_class_uid);

}  // namespace qiao::imaging
