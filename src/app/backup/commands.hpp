#pragma once

#include "app/backup/restore.hpp"
#include "app/backup/service.hpp"
#include "app/options.hpp"

#include <functional>
#include <optional>
#include <string_view>

/// `qiao backup`, `backup-key new`, `verify-backup` and `restore`. Each returns the exit status; called once, by main.
namespace qiao::app::backup {

/// Carries out what `qiao backup` and `qiao backup-key` ask through the control socket; nothing when it is no command of theirs.
std::optional<json::Value> obey(Backups& backups, const json::Value& request);

int make_by_hand(const Options& options, const std::string& folder, bool unsealed);
/// The private half goes to stdout and nowhere else.
int make_key(const Options& options, bool replace);
int print_verification(VerifyInput input, const std::string& data_folder);
int print_restore(const RestoreInput& input);

}  // namespace qiao::app::backup
