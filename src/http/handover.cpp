#include "http/handover.hpp"

#include "base/log.hpp"

#include <boost/asio/post.hpp>

#include <typeinfo>

namespace qiao::http {

void Handover::Finish::operator()() const {
    Resume resume = std::move(*self->resume_);
    self->resume_.reset();
    resume(bool(ran));
}

void Handover::work() {
    bool ran = true;
    try {
        function_(object_);
    } catch (const std::exception& error) {
        log::error("http.worker_exception", {{"what", std::string_view(typeid(error).name())}});
        ran = false;
    }
    asio::post(executor_, Finish{this, ran});
}

void Handover::Start::operator()(Resume&& resume, Handover* self) const {
    self->resume_.emplace(std::move(resume));
    if (!self->workers_.try_post([self] { self->work(); })) asio::post(self->executor_, Finish{self, false});
}

Awaitable<bool> Handover::run(Function function, void* object) {
    function_ = function;
    object_ = object;
    Use token;
    return asio::async_initiate<Use, void(bool)>(Start{}, token, this);
}

}  // namespace qiao::http
