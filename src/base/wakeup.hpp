#pragma once

#include "base/assert.hpp"

#include <semaphore.h>
#include <cerrno>

/// One thread sleeps until another sets it: a call of the kernel on either side. A condition variable takes four, because whom it
/// wakes has to take its lock again.
namespace qiao {

class Wakeup {
public:
    Wakeup() { QIAO_ASSERT(sem_init(&semaphore_, 0, 0) == 0); }
    ~Wakeup() { sem_destroy(&semaphore_); }
    Wakeup(const Wakeup&) = delete;
    Wakeup& operator=(const Wakeup&) = delete;

    /// What was written before is seen behind wait(); which may end the life of this object at once.
    void set() { QIAO_ASSERT(sem_post(&semaphore_) == 0); }
    /// Returns once for each set().
    void wait() {
        while (sem_wait(&semaphore_) != 0) QIAO_ASSERT(errno == EINTR);
    }

private:
    sem_t semaphore_;
};

}  // namespace qiao
