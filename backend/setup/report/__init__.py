"""Reports: plan, state and progress as data and events for the add-on, and the page of the doctor for people.

Stands on `..plan` and `..install`. Start at `plan_report`.
"""
