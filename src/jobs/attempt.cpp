#include "jobs/attempt.hpp"

#include "base/error.hpp"
#include "base/log.hpp"

namespace qiao::jobs {

bool attempt(std::string_view name, const std::function<void()>& work) {
    try {
        work();
        return true;
    } catch (const Error& error) {
        // A conflict is the ordinary end of a race with a person; the next turn looks again.
        const log::Level level = error.kind() == ErrorKind::conflict ? log::Level::info : log::Level::error;
        log::write(level, "jobs.failed", {{"job", name}, {"code", error.code()}, {"line", static_cast<std::int64_t>(error.where().line())}});
    } catch (const std::exception&) {
        log::error("jobs.failed", {{"job", name}, {"code", std::string_view("internal")}});
    }
    return false;
}

}  // namespace qiao::jobs
