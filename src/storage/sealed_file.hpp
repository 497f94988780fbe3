#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// Files that only the holder of a private key can read: each begins with a key of its own, sealed to an X25519 public key
/// (libsodium's sealed box), and goes on in chunks of XChaCha20-Poly1305 (its secretstream), the last of which is marked, so
/// that a changed, missing, exchanged or cut chunk is seen. One object belongs to one thread.
namespace qiao::storage {

struct SealingKeys {
    std::string open;    ///< 32 bytes: seals
    std::string secret;  ///< 32 bytes: reads
};
SealingKeys make_sealing_keys();
/// The public half of a private one; Error(invalid, "storage.bad_sealing_key") when it is not 32 bytes.
SealingKeys sealing_keys_of(std::string_view secret);
/// What a public key is called: 16 hex digits.
std::string sealing_key_id(std::string_view open_key);

class SealedWriter {
public:
    /// Creates or replaces `path` (0600). @param open_key  empty writes the bytes as they are
    SealedWriter(const std::string& path, std::string_view open_key);
    ~SealedWriter();
    SealedWriter(const SealedWriter&) = delete;
    SealedWriter& operator=(const SealedWriter&) = delete;

    void write(std::string_view bytes);
    /// Writes the last chunk. To sync is the caller's: most of it is on its way to the disk by then.
    /// @return bytes of the file
    std::uint64_t finish();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

class SealedReader {
public:
    /// @param keys  null reads the bytes as they are
    SealedReader(const std::string& path, const SealingKeys* keys);
    ~SealedReader();
    SealedReader(const SealedReader&) = delete;
    SealedReader& operator=(const SealedReader&) = delete;

    /// The next piece, valid until the next call; nothing at the end or where the file is damaged.
    std::optional<std::string_view> next();
    /// After next() gave nothing: whether the file is missing, altered or cut, or was sealed to another key.
    [[nodiscard]] bool damaged() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace qiao::storage
