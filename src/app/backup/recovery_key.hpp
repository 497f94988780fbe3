#pragma once

#include "storage/sealed_file.hpp"

#include <optional>
#include <string>

/// The two halves of the recovery key. Backups are sealed to the public half in the data folder; the private half is a small
/// text file of the security side that never lies on the server. It also names the key with which this centre signs its
/// backups, so that nobody else's backup is taken for one of it. Any thread.
namespace qiao::app::backup {

/// The private half.
struct RecoveryKey {
    storage::SealingKeys sealing;
    std::string signer;  ///< Ed25519 public key, 32 bytes
};

/// The text of the file that the security side keeps.
std::string recovery_key_text(const RecoveryKey& key);
/// Error(invalid, "backup.bad_key") when the file holds none; Error(not_found, "storage.no_file").
RecoveryKey read_recovery_key(const std::string& file);

/// The public half of the data folder, 32 bytes; nothing when none was made.
std::optional<std::string> public_key_of(const std::string& data_folder);
void store_public_key(const std::string& data_folder, std::string_view open_key);

/// The centre's signing key for backups and reports, that of the audit heads. Error(invalid, "backup.no_centre") in a folder
/// on which no centre was started yet.
struct Signer {
    std::string secret;  ///< Ed25519, 64 bytes
    std::string open;    ///< 32 bytes
};
Signer signer_of(const std::string& data_folder);
std::string sign(const Signer& signer, std::string_view text);  ///< 64 bytes
bool is_signed_by(std::string_view open_key, std::string_view text, std::string_view signature);

}  // namespace qiao::app::backup
