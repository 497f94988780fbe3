#pragma once

#include "base/json_value.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What a signature is over: one line of JSON that names every signed resource and file with its SHA-256. Pure; any thread.
namespace qiao::access {

struct SignedItem {
    std::string type;
    std::string id;
    std::int64_t version = 0;
    std::string digest;  ///< SHA-256 in hex of canonical_text()
};

struct SignedAttachment {
    std::string name;
    std::string content_type;
    std::string digest;  ///< SHA-256 in hex of the bytes
};

struct Manifest {
    std::vector<SignedItem> items;
    std::vector<SignedAttachment> attachments = {};
    std::string case_id;
    std::string meaning;  ///< "opinion", "request", …
    std::string signer;   ///< "Practitioner/…"
    std::string signer_name;
    std::string organisation;  ///< "Organization/…"
    Instant occurred{};
    Instant recorded{};
};

/// The text of a resource that its digest is over: without `id`, `meta.versionId` and `meta.lastUpdated` (the server's own),
/// members in byte order of their names at every level, no white space, numbers with the digits they were written with.
std::string canonical_text(const json::Value& resource);
SignedItem signed_item(const json::Value& resource, std::string_view id, std::int64_t version);
/// The bytes to sign, with fixed member order.
std::string manifest_bytes(const Manifest& manifest);

}  // namespace qiao::access
