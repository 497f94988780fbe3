#pragma once

#include "base/limits.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "record/definitions/definitions.hpp"

#include <simdjson.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// From request bytes to a document, and from the client's text to the body that is kept and back. Any thread; a
/// ParsedResource belongs to one at a time.
namespace qiao::record {

/// A JSON object that was read from bytes, with its text. Owns everything that views into it point to.
class ParsedResource {
public:
    ParsedResource(ParsedResource&&) noexcept;
    ParsedResource& operator=(ParsedResource&&) noexcept;
    ~ParsedResource();

    [[nodiscard]] simdjson::dom::element root() const;
    /// TypeId::none when `resourceType` is missing, no string or unknown (validate_structure says which).
    [[nodiscard]] TypeId type() const { return type_; }
    /// Resource.id; empty when there is none.
    [[nodiscard]] std::string_view id() const { return id_; }
    /// The client's text, without a BOM.
    [[nodiscard]] std::string_view text() const;

private:
    friend Result<ParsedResource> parse_resource(std::string_view bytes, std::size_t limit_bytes);
    struct State;
    explicit ParsedResource(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
    TypeId type_ = TypeId::none;
    std::string_view id_;
};

/// Refuses, with the offset where it is known: invalid UTF-8 (a BOM is allowed), anything but one JSON object, duplicate
/// keys, lone surrogates, NUL, depth > 64, strings > 1 MiB (members `data`: 15 MiB), numbers > 64 characters, > 10,000 keys in an object, text
/// over the limit. Does not look at FHIR rules.
Result<ParsedResource> parse_resource(std::string_view bytes, std::size_t limit_bytes = limits::kResourceBody_bytes);

/// The text to keep: the client's own with property order and digits, without blanks between tokens, without `id`,
/// `meta.versionId`, `meta.lastUpdated`. The rest of meta moves to the front (after resourceType when that is first), so that
/// a read can splice without looking for it. Deterministic: signatures digest these bytes.
std::string stored_body(const ParsedResource& resource);
/// The same for text that `parse_resource` accepts (e.g. a patched resource).
std::string stored_body(std::string_view json);

/// What a read puts back.
struct ServerMeta {
    std::string_view id;
    std::string_view version;       ///< "3"
    std::string_view last_updated;  ///< format_instant()
};
/// Appends `body` (from stored_body) with id and meta spliced in. String work only: one pass, two copies.
void append_spliced(std::string& out, std::string_view body, const ServerMeta& meta);
std::string spliced(std::string_view body, const ServerMeta& meta);

// ---- pieces of JSON text, for code that must keep digits (bundles) ---------------------------------------------------

/// The text of member `key` of the object `json`; nothing when there is none. `json` must be valid.
std::optional<std::string_view> raw_member(std::string_view json, std::string_view key);
/// The texts of the items of the array `json`, which must be valid.
std::vector<std::string_view> raw_items(std::string_view json);

}  // namespace qiao::record
