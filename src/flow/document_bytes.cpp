#include "flow/document_bytes.hpp"

#include <algorithm>
#include <cstdint>

namespace qiao::flow {

namespace {

struct Kind {
    std::string_view content_type;
    std::string_view extension;
    std::string_view sign;  ///< folder in the archive, or stream of the compound file
};

constexpr std::string_view kPdf = "application/pdf";
constexpr Kind kArchives[] = {
    {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx", "word/"},
    {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx", "xl/"},
    {"application/vnd.openxmlformats-officedocument.presentationml.presentation", ".pptx", "ppt/"},
};
constexpr Kind kCompounds[] = {
    {"application/msword", ".doc", "WordDocument"},
    {"application/vnd.ms-excel", ".xls", "Workbook"},
    {"application/vnd.ms-powerpoint", ".ppt", "PowerPoint Document"},
};
constexpr std::size_t kDirectoryEnd_bytes = 22;  ///< without the comment of the archive, at most 64 KiB
constexpr std::size_t kDirectoryEntry_bytes = 46;
constexpr std::size_t kStream_bytes = 128;  ///< an entry of a compound file's directory

std::uint32_t little(std::string_view bytes, std::size_t at, unsigned count) {
    std::uint32_t value = 0;
    for (unsigned i = count; i > 0; --i) {
        value = value << 8U | static_cast<unsigned char>(bytes[at + i - 1]);
    }
    return value;
}

Result<Paper> sniff_archive(std::string_view bytes) {
    const std::size_t end = bytes.rfind("PK\x05\x06");
    if (end == std::string_view::npos || bytes.size() - end < kDirectoryEnd_bytes) {
        return ParseError{"an archive without its directory", bytes.size()};
    }
    const Kind* found = nullptr;
    bool has_types = false;
    std::size_t at = little(bytes, end + 16, 4);
    for (std::uint32_t left = little(bytes, end + 10, 2); left > 0; --left) {
        if (at > end || end - at < kDirectoryEntry_bytes || bytes.substr(at, 4) != "PK\x01\x02") {
            return ParseError{"an archive with a broken directory", std::min(at, bytes.size())};
        }
        const std::size_t name_length = little(bytes, at + 28, 2);
        if (name_length > end - at - kDirectoryEntry_bytes) {
            return ParseError{"an archive with a broken directory", at};
        }
        const std::string_view name = bytes.substr(at + kDirectoryEntry_bytes, name_length);
        if (name.ends_with("vbaProject.bin")) {
            return ParseError{"an office file with macros", at};
        }
        has_types = has_types || name == "[Content_Types].xml";
        for (const Kind& kind : kArchives) {
            if (name.starts_with(kind.sign)) {
                found = &kind;
            }
        }
        at += kDirectoryEntry_bytes + name_length + little(bytes, at + 30, 2) + little(bytes, at + 32, 2);
    }
    if (!has_types || found == nullptr) {
        return ParseError{"an archive that is no office file", 0};
    }
    return Paper{std::string(found->content_type), found->extension};
}

/// Entries of the directory of a compound file stand at multiples of 128 bytes; their name is UTF-16 with its length after it.
std::string stream_at(std::string_view bytes, std::size_t at) {
    const std::uint32_t length = little(bytes, at + 64, 2);
    const auto type = static_cast<unsigned char>(bytes[at + 66]);
    if (length < 4 || length > 64 || length % 2 != 0 || (type != 1 && type != 2)) {
        return {};
    }
    std::string name;
    for (std::uint32_t i = 0; i + 2 < length; i += 2) {
        if (bytes[at + i + 1] != '\0') {
            return {};
        }
        name += bytes[at + i];
    }
    return name;
}

Result<Paper> sniff_compound(std::string_view bytes) {
    const Kind* found = nullptr;
    for (std::size_t at = 512; at + kStream_bytes <= bytes.size(); at += kStream_bytes) {
        const std::string name = stream_at(bytes, at);
        if (name == "Macros" || name == "_VBA_PROJECT_CUR" || name == "_VBA_PROJECT") {
            return ParseError{"an office file with macros", at};
        }
        for (const Kind& kind : kCompounds) {
            if (name == kind.sign && found == nullptr) {
                found = &kind;
            }
        }
    }
    if (found == nullptr) {
        return ParseError{"a compound file that is no office file", 0};
    }
    return Paper{std::string(found->content_type), found->extension};
}

}  // namespace

Result<Paper> sniff_paper(std::string_view bytes) {
    if (bytes.starts_with("%PDF-")) {
        return Paper{std::string(kPdf), ".pdf"};
    }
    if (bytes.starts_with("PK\x03\x04")) {
        return sniff_archive(bytes);
    }
    if (bytes.starts_with("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")) {
        return sniff_compound(bytes);
    }
    return ParseError{"neither PDF nor an office file", 0};
}

std::string_view extension_of(std::string_view content_type) {
    if (content_type == kPdf) {
        return ".pdf";
    }
    for (const auto& list : {kArchives, kCompounds}) {
        for (const Kind* kind = list; kind != list + 3; ++kind) {
            if (kind->content_type == content_type) {
                return kind->extension;
            }
        }
    }
    return {};
}

}  // namespace qiao::flow
