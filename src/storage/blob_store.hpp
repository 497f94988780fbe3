#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Content-addressed, immutable bytes in a folder: photos, PDFs, manifests. Thread-safe. A blob is found by a row, never
/// by a key from a request.
namespace qiao::storage {

class BlobStore {
public:
    /// Creates `folder` when missing.
    explicit BlobStore(std::string folder);

    /// Durable when it returns (fdatasync of the file, fsync of its folder). @return SHA-256 in hex, 64 characters
    std::string put(std::string_view bytes);
    /// The bytes, checked against their SHA-256: Error(internal, "storage.blob_damaged") when they differ,
    /// Error(not_found, "storage.no_blob") when there are none.
    [[nodiscard]] std::string get(std::string_view sha256_hex) const;

private:
    [[nodiscard]] std::string path_of(std::string_view sha256_hex) const;
    std::string folder_;
};

}  // namespace qiao::storage
