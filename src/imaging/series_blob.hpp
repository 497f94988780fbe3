#pragma once

#include <string>
#include <string_view>
#include <vector>

/// Metadata of a series as stored bytes: gzip members (RFC 1952) that concatenate, so an answer is `[` + blobs + `]`
/// without touching JSON. Pure functions. Any thread.
namespace qiao::imaging {

/// One gzip member of `text`.
std::string gzip_member(std::string_view text);
/// All members of `bytes` in turn. Error(internal, "imaging.blob_damaged").
std::string gunzip(std::string_view bytes);

/// Gzip members of `{…},{…}` from complete JSON objects.
std::string series_members(const std::vector<std::string>& objects);

}  // namespace qiao::imaging
