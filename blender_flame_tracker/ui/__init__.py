"""What people see beside the node editor: panels, their sections, pictures and menus."""
