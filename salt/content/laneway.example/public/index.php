<?php session_start(); echo "laneway";
