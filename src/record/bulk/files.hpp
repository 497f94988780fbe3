#pragma once

#include "record/bulk/job.hpp"
#include "storage/file.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The files of bulk data below `DIR/bulk/<job>/`. What a row of bulk_file counts is synced before the row is; bytes behind that are
/// of a run that was killed and are cut off. Beside each output whose owner does not see everything lies a companion with the numbers
/// of its resources (8 bytes each), by which a download is checked. One thread a file; errors are those of storage/file.hpp.
namespace qiao::record::bulk {

/// A file that grows at its end.
class Growing {
public:
    /// Opens or makes it and cuts it to `bytes`.
    Growing(const std::string& path, std::int64_t bytes);
    void append(std::string_view bytes);
    /// Takes back what was appended behind `bytes`.
    void cut(std::int64_t bytes);
    /// Everything appended is on the disk.
    void sync();
    [[nodiscard]] std::int64_t bytes() const { return written_ + static_cast<std::int64_t>(pending_.size()); }

private:
    void flush();

    storage::Descriptor descriptor_;
    std::string pending_;
    std::int64_t written_ = 0;
};

/// Lines of one kind and type in files of limited size.
class Lines {
public:
    /// @param folder  of the job   @param kind, type  as File   @param files  those of the job so far; the last one of this kind and
    /// type is gone on with   @param numbers  whether companions are kept
    Lines(std::string folder, std::string kind, std::string type, std::span<const File> files, bool numbers);
    /// One line, without its end; `rids` are the resources in it. @return the file that became full and was synced, if any
    std::optional<File> append(std::string_view line, std::span<const std::int64_t> rids);
    void sync();
    /// The file that grows; nothing when nothing was appended yet.
    [[nodiscard]] const std::optional<File>& current() const { return file_; }

private:
    void open(std::int64_t number);

    std::string folder_;
    std::string kind_;
    std::string type_;
    bool numbers_;
    std::int64_t number_ = 0;
    std::optional<File> file_;
    std::unique_ptr<Growing> lines_;
    std::unique_ptr<Growing> rids_;
};

/// Where the resources of a file are listed.
std::string companion_of(const std::string& path);
/// Numbers of a companion from its `from`-th on, at most `most`.
std::vector<std::int64_t> read_rids(const std::string& path, std::int64_t from, std::int64_t most);

/// Size in bytes and time of the last change in nanoseconds. Error(not_found, "storage.no_file") when it is no plain file.
std::pair<std::int64_t, std::int64_t> look_at(const std::string& path);
/// Copies `length` bytes of an open file to a new one, synced.
void copy_durably(int from, std::uint64_t offset, std::uint64_t length, const std::string& path);

/// Error(unavailable, "storage.full") when the volume is so full that bulk data must leave the rest to the record.
void require_room(const std::string& folder);

/// `DIR/bulk`, made when missing, and whose it is: the id in its file `node`.
std::string node_of(const std::string& folder);
/// Names of the folders in it.
std::vector<std::string> folders_in(const std::string& folder);
/// When it is there.
void remove_file(const std::string& path);
/// With all that is in it.
void remove_folder(const std::string& path);

}  // namespace qiao::record::bulk
