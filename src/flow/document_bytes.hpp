#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

/// Papers that a case carries and nobody opens here: PDF and office files, known by their bytes. Pure functions over outside
/// bytes; any thread.
namespace qiao::flow {

struct Paper {
    std::string content_type;
    std::string_view extension;  ///< with the dot
};

/// PDF; Office Open XML (ECMA-376: a ZIP archive with word/, xl/ or ppt/); the older office files (MS-CFB with their streams).
/// Refuses what is none of them, and what carries macros.
Result<Paper> sniff_paper(std::string_view bytes);

/// ".docx" and the like for a content type of sniff_paper, empty for another.
std::string_view extension_of(std::string_view content_type);

}  // namespace qiao::flow
