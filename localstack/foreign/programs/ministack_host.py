"""MiniStack as it is, ended with the process that started it."""

from parent_watch import end_with_parent

end_with_parent()

from ministack.app import main  # noqa: E402

main()
