#include "app/backup/recovery_key.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "storage/file.hpp"

#include <fmt/format.h>
#include <sodium.h>
#include <unistd.h>

namespace qiao::app::backup {
namespace {

constexpr std::string_view kWord = "qiao-recovery-key-1";
constexpr const char* kPublicFile = "/backup-key.pub";

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

std::string recovery_key_text(const RecoveryKey& key) {
    return fmt::format(
        "# Recovery key {} of a Qiao centre. Whoever has it can read the backups; without it nobody can.\n"
        "# Keep it with the security side, away from the server and from the backups, in two places.\n"
        "{} {} {}\n",
        storage::sealing_key_id(key.sealing.open), kWord, to_hex(key.sealing.secret), to_hex(key.signer));
}

RecoveryKey read_recovery_key(const std::string& file) {
    const std::string text = storage::read_file(file);
    for (const std::string_view line : split(text, '\n')) {
        const auto words = split(trim(line), ' ');
        if (words.size() != 3 || words[0] != kWord) continue;
        const auto secret = from_hex(words[1]);
        const auto signer = from_hex(words[2]);
        if (secret && signer && secret->size() == crypto_box_SECRETKEYBYTES && signer->size() == crypto_sign_PUBLICKEYBYTES) {
            return {storage::sealing_keys_of(*secret), *signer};
        }
    }
    throw Error(ErrorKind::invalid, "backup.bad_key", "this file holds no recovery key");
}

std::optional<std::string> public_key_of(const std::string& data_folder) {
    const std::string file = data_folder + kPublicFile;
    if (::access(file.c_str(), F_OK) != 0) return std::nullopt;
    auto key = from_hex(trim(storage::read_file(file)));
    if (!key || key->size() != crypto_box_PUBLICKEYBYTES) throw Error(ErrorKind::internal, "backup.bad_key", "backup-key.pub is damaged");
    return key;
}

void store_public_key(const std::string& data_folder, std::string_view open_key) {
    if (open_key.size() != crypto_box_PUBLICKEYBYTES) throw Error(ErrorKind::invalid, "backup.bad_key", "not a public key");
    storage::write_file_durably(data_folder + kPublicFile, to_hex(open_key) + "\n", 0444);
}

Signer signer_of(const std::string& data_folder) {
    const std::string file = data_folder + "/audit-head.key";
    if (::access(file.c_str(), F_OK) != 0) throw Error(ErrorKind::invalid, "backup.no_centre", "no centre was started on this folder yet");
    Signer signer{storage::read_file(file), std::string(crypto_sign_PUBLICKEYBYTES, '\0')};
    if (signer.secret.size() != crypto_sign_SECRETKEYBYTES) throw Error(ErrorKind::internal, "access.audit_key", "audit-head.key is damaged");
    crypto_sign_ed25519_sk_to_pk(reinterpret_cast<unsigned char*>(signer.open.data()), bytes_of(signer.secret));
    return signer;
}

std::string sign(const Signer& signer, std::string_view text) {
    std::string signature(crypto_sign_BYTES, '\0');
    crypto_sign_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr, bytes_of(text), text.size(), bytes_of(signer.secret));
    return signature;
}

bool is_signed_by(std::string_view open_key, std::string_view text, std::string_view signature) {
    return open_key.size() == crypto_sign_PUBLICKEYBYTES && signature.size() == crypto_sign_BYTES &&
           crypto_sign_verify_detached(bytes_of(signature), bytes_of(text), text.size(), bytes_of(open_key)) == 0;
}

}  // namespace qiao::app::backup
