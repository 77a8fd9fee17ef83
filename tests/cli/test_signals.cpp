// Signals, limits and the time limit of a run: in every case the state is saved, or the user is told what is
// not saved.
#include "program.h"
#include "run/store_rows.h"

#include <csignal>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace modsweep {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing_support::expect_error;
using testing_support::Outcome;
using testing_support::ProgramTest;
using testing_support::query_rows;
using testing_support::Running;

class SignalTest : public ProgramTest {
 protected:
  SignalTest() {
    write("long.toml",
          "name = \"long\"\n[training]\nsteps = 1000000000\n[axes]\n\"training.seed\" = [0, 1, 2]\n");
    write("curve.toml",
          "name = \"curve\"\n[training]\nsteps = 1000000000\n[axes]\n\"training.seed\" = [0, 1]\n"
          "\"task.train_samples\" = [10, 20, 40, 80, 160]\n");
  }

  /// Cells whose state after some training is in the store.
  [[nodiscard]] std::size_t saved(const std::string& store) const {
    if (!std::filesystem::exists(path(store))) return 0;
    return query_rows(path(store), "SELECT cell FROM checkpoints WHERE step > 0").size();
  }

  static void sleep_ms(int milliseconds) {
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
  }
};

class RequestTest : public SignalTest, public testing::WithParamInterface<int> {};

TEST_P(RequestTest, SavesTheState) {
  Running running(folder_, {"run", "long.toml", "--engine", "cpu"}, "");
  ASSERT_TRUE(running.spoke());
  ASSERT_TRUE(running.computed(0.3));
  running.send(GetParam());
  const Outcome outcome = running.wait();
  EXPECT_EQ(outcome.code, 130) << outcome.signal;
  EXPECT_THAT(outcome.err, HasSubstr("the state is saved in long.db"));
  EXPECT_EQ(saved("long.db"), 3u);
}

TEST_P(RequestTest, EndsARefinementInTheSameWay) {
  Running running(folder_, {"refine", "curve.toml", "--engine", "cpu"}, "");
  ASSERT_TRUE(running.spoke());
  ASSERT_TRUE(running.computed(0.3));
  running.send(GetParam());
  const Outcome outcome = running.wait();
  EXPECT_EQ(outcome.code, 130) << outcome.signal;
  EXPECT_EQ(saved("curve.db"), 10u);
}

INSTANTIATE_TEST_SUITE_P(Signals, RequestTest,
                         testing::Values(SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU, SIGALRM,
                                         SIGPWR));

TEST_F(SignalTest, ManyAreOneRequest) {
  Running running(folder_, {"run", "long.toml", "--engine", "cpu"}, "");
  ASSERT_TRUE(running.spoke());
  ASSERT_TRUE(running.computed(0.3));
  running.send(SIGINT);
  while (!running.ended()) {
    for (const int signal : {SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU, SIGALRM}) running.send(signal);
    sleep_ms(1);
  }
  const Outcome outcome = running.wait();
  EXPECT_EQ(outcome.code, 130) << outcome.signal;
  EXPECT_THAT(outcome.err, HasSubstr("the state is saved in long.db"));
  EXPECT_EQ(saved("long.db"), 3u);
}

TEST_F(SignalTest, ASecondCtrlCEndsAtOnceAndTellsWhatIsLost) {
  // If the state was saved before the second signal came, the message says so: try again.
  for (int tries = 0;; ++tries) {
    ASSERT_LT(tries, 20) << "the second signal always comes too late";
    Running running(folder_, {"run", "long.toml", "--engine", "cpu"}, "");
    ASSERT_TRUE(running.spoke());
    ASSERT_TRUE(running.computed(1.5));
    while (!running.ended()) {
      running.send(SIGINT);
      sleep_ms(2);
    }
    const Outcome outcome = running.wait();
    EXPECT_EQ(outcome.signal, 0);
    if (outcome.code == 130) continue;
    EXPECT_EQ(outcome.code, 131);
    EXPECT_THAT(outcome.err, testing::ContainsRegex("not saved: the last [0-9]+ s"));
    EXPECT_THAT(outcome.err, Not(HasSubstr("state is saved")));
    break;
  }
  // The state that was saved before is still in the store.
  Running running(folder_, {"run", "long.toml", "--engine", "cpu"}, "");
  ASSERT_TRUE(running.spoke());
  ASSERT_TRUE(running.computed(0.3));
  running.send(SIGTERM);
  EXPECT_EQ(running.wait().code, 130);
  EXPECT_EQ(saved("long.db"), 3u);
}

TEST_F(SignalTest, WhatTheCallerIgnoresStaysIgnored) {
  Running running(folder_, {"run", "long.toml", "--engine", "cpu"}, "", [] { std::signal(SIGHUP, SIG_IGN); });
  ASSERT_TRUE(running.spoke());
  running.send(SIGHUP);
  ASSERT_TRUE(running.computed(2.5));
  EXPECT_FALSE(running.ended());
  running.send(SIGTERM);
  EXPECT_EQ(running.wait().code, 130);
}

TEST_F(SignalTest, BeforeTheFirstTrainingNothingIsBegun) {
  // A pipe in place of the sweep file keeps the program reading for as long as the test needs. If a signal
  // ends the program, the test must fail, not end with it.
  std::signal(SIGPIPE, SIG_IGN);
  for (const std::string command : {"run", "refine"}) {
    ASSERT_EQ(::mkfifo(path("piped.toml").c_str(), 0600), 0);
    const auto before = files();
    Running running(folder_, {command, "piped.toml"}, "");
    {
      std::ofstream pipe(path("piped.toml"));  // opens when the program does
      for (const int signal : {SIGTERM, SIGUSR1, SIGTERM}) {
        running.send(signal);
        sleep_ms(5);
      }
      pipe << testing_support::read_text(path("curve.toml"));
    }
    const Outcome outcome = running.wait();
    EXPECT_EQ(outcome.code, 130) << outcome.signal << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("before anything was trained"));
    EXPECT_EQ(files(), before);
    std::filesystem::remove(path("piped.toml"));
  }
}

TEST_F(SignalTest, ATimeLimitEndsWithTheStateSaved) {
  for (const std::string command : {"run", "refine"}) {
    // On a busy machine the first seconds may not suffice for one step.
    for (int seconds = 2; saved("curve.db") == 0; seconds *= 2) {
      ASSERT_LT(seconds, 100);
      const Outcome outcome =
          modsweep({command, "curve.toml", "--engine", "cpu", "--time-limit", std::to_string(seconds) + "s"});
      EXPECT_EQ(outcome.code, 130) << outcome.err;
      EXPECT_THAT(outcome.err, HasSubstr("the time is up"));
    }
    EXPECT_EQ(saved("curve.db"), 10u);
    std::filesystem::remove(path("curve.db"));
  }
}

TEST_F(SignalTest, TimeEnoughChangesNothing) {
  write("short.toml", "name = \"short\"\n[training]\nsteps = 5\n");
  EXPECT_EQ(modsweep({"run", "short.toml", "--quiet", "--time-limit", "1-00:00:00"}).code, 0);
}

/// A limit on the size of files: usual on clusters.
std::function<void()> files_up_to(rlim_t bytes) {
  return [bytes] {
    const rlimit limit = {bytes, bytes};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  };
}

TEST_F(SignalTest, ALimitOnTheSizeOfFilesIsAnError) {
  write("short.toml",
        "name = \"short\"\n[training]\nsteps = 5\n[axes]\n\"training.seed\" = {range = [0, 400]}\n");
  for (const rlim_t limit : {4096, 65536}) {
    const Outcome outcome = modsweep({"run", "short.toml", "--quiet"}, "", files_up_to(limit));
    expect_error(outcome, 3, {"short.db"});
  }
  std::filesystem::remove(path("short.db"));
  ASSERT_EQ(modsweep({"run", "short.toml", "--quiet"}).code, 0);
  const auto before = files();
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"export", "short.db", "-o", "out.csv"},
        {"aggregate", "short.db", "--value", "test_loss", "--by", "training.seed", "-o", "out.csv"}}) {
    expect_error(modsweep(command, "", files_up_to(40'000)), 3, {"out.csv"});
    EXPECT_EQ(files(), before) << command.front();
  }
}

}  // namespace
}  // namespace modsweep
