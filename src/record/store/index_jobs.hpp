#pragma once

#include "record/definitions/definitions.hpp"
#include "storage/writer.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

/// Parameters whose index rows are being made for data that is there already: after an extractor that makes other rows than the
/// one before, and for a parameter that an operator defines (local_parameters.hpp). Each has a position: resources up to this rid have their rows and keep them by every write; those behind
/// it get them when the job comes there, so writes need not wait and do not touch them. Until its job is done, a search by the
/// parameter is refused. The jobs stand in `index_job`, so a restart goes on where they were.
namespace qiao::record {

struct IndexJob {
    TypeId type = TypeId::none;
    ParamId param = ParamId::none;
    std::int64_t position = 0;  ///< kClearing: the rows of before are being taken away; kRemoving: and none come after them
};
inline constexpr std::int64_t kClearing = -1;
inline constexpr std::int64_t kRemoving = -2;

class IndexJobs {
public:
    using List = std::vector<IndexJob>;
    /// What readers go by. Taken before their snapshot: what has no job there is complete in it. Any thread.
    [[nodiscard]] std::shared_ptr<const List> open() const;
    /// Reads them from the database; before the writer has work.
    void load(storage::Connection& connection);

    // Writer thread.
    /// As the open group has them.
    [[nodiscard]] const List& now() const { return now_; }
    /// Sets positions; new jobs are added.
    void set(storage::Group& group, const List& jobs);
    void done(storage::Group& group, const List& jobs);

private:
    void changed(storage::Group& group);
    void publish(List jobs);

    List now_;
    mutable std::mutex mutex_;
    std::shared_ptr<const List> open_ = std::make_shared<const List>();
};

/// The parameters whose rows this program makes otherwise than the extractor of version `since` did: all of `type` whose rows
/// may be in the database.
std::vector<ParamId> changed_parameters(TypeId type, std::uint32_t since);

/// Takes some thousand rows of the parameter out of the index. @return false when none is left
bool clear_rows(storage::Connection& connection, TypeId type, ParamId param);

}  // namespace qiao::record
